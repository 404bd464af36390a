# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Where a replay writes: a new folder, or one of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..atomic_files import atomic_directory
from ..errors import NeuralIkError


class FolderError(NeuralIkError):
    """A folder cannot be written."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f'{path}: {problem}; choose another --output.')


@contextlib.contextmanager
def output_folder(path: Path, *, mark: str) -> Iterator[Path]:
    """
    Yield a path of the same name elsewhere; what is made there takes its place at the end.

    If anything is raised before, nothing is left behind and nothing is replaced.

    :param mark: File that makes an existing folder one of ours, which may be replaced.
    :raises FolderError: If something else is there, or it cannot be written.
    """
    path = path.resolve()
    if path.exists() and not (path / mark).is_file():
        raise FolderError(path, f'is there already and has no {mark}')
    try:
        with atomic_directory(path, is_replaced=True) as staged:
            yield staged
    except OSError as error:
        raise FolderError(path, f'not written ({error.strerror or error})') from error
