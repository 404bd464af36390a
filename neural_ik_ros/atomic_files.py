# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writes: a file or folder is complete or absent, even if the machine stops."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """
    Yield a temporary path beside ``path``, which is flushed to disk and renamed at the end.

    An existing file at ``path`` is replaced; if the block raises, it is left unchanged.
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
    Yield a temporary path at which the block makes the folder; it is renamed at the end.

    If the block raises, nothing is left behind and nothing is replaced.

    :param is_replaced: Whether an existing folder at ``path`` is replaced.
    :raises OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}_', dir=path.parent) as scratch:
        staged = Path(scratch) / path.name
        yield staged
        if is_replaced and path.exists():
            path.rename(Path(scratch) / 'replaced')
        staged.rename(path)
