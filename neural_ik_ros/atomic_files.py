# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files and folders that are complete or not there, whenever the process or the machine stops."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """
    Yield a path beside ``path`` to write to; what it holds is on the disk before it is renamed.

    A file that was at ``path`` is replaced; if the block raises, it stays as it was.
    """
    partial = path.with_name(f'partial_{path.name}')
    try:
        yield partial
        with partial.open('rb') as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path, *, is_replaced: bool = False) -> Iterator[Path]:
    """
    Yield a path of the same name elsewhere; the folder made there takes its place at the end.

    If anything is raised before, nothing is left behind and nothing is replaced.

    :param is_replaced: Whether a folder that is at ``path`` makes way.
    :raises OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}_', dir=path.parent) as scratch:
        staged = Path(scratch) / path.name
        yield staged
        if is_replaced and path.exists():
            path.rename(Path(scratch) / 'replaced')
        staged.rename(path)
