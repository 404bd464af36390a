# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Robot descriptions on disk."""

from __future__ import annotations

from pathlib import Path

from ..errors import NeuralIkError
from ..share import share_folder


class UrdfFileError(NeuralIkError):
    """A robot description file cannot be read."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f'{path}: {problem}; give the path of a plain URDF file.')


def shipped_urdf() -> Path:
    """Return the plain URDF of the IRB2400 that comes with the package."""
    return share_folder() / 'urdf' / 'irb2400.urdf'


def read_urdf(path: Path) -> str:
    """
    Return the text of a URDF file.

    :raises UrdfFileError: If it cannot be read.
    """
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise UrdfFileError(path, getattr(error, 'strerror', None) or 'not UTF-8') from error
