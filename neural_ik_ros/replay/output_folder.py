# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Output folders of replays and recordings: new ones, or those that an earlier run made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..atomic_files import atomic_directory
from ..errors import FileError

REMEDY = 'choose another --output'


@contextlib.contextmanager
def output_folder(path: Path, *, marker_file: str) -> Iterator[Path]:
    """
    Yield a temporary path of the same name; the folder made there is moved to ``path`` at the end.

    If anything is raised before, nothing is left behind and nothing is replaced.

    :param marker_file: File by which an existing folder is known to be ours and may be replaced.
    :raises FileError: If another file or folder is at ``path``, or it cannot be written.
    """
    path = path.resolve()
    if path.exists() and not (path / marker_file).is_file():
        raise FileError(path, f'exists already and has no {marker_file}', REMEDY)
    try:
        with atomic_directory(path, is_replaced=True) as staged:
            yield staged
    except OSError as error:
        raise FileError(path, f'not written ({error.strerror or error})', REMEDY) from error
