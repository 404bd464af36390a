# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are there whole or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
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
