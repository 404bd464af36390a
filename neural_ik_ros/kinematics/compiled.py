# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one way this package compiles a kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar('Kernel', bound=Callable[..., Any])
PACKAGE = Path(__file__).resolve().parent.parent


def compiled(kernel: Kernel) -> Kernel:
    """
    Return the kernel compiled by numba, cached on disk, keeping its Python signature.

    Division by zero yields inf or nan as in numpy, so that a kernel never raises in a loop.
    """
    return cast(Kernel, numba.njit(cache=True, error_model='numpy')(kernel))


def _remove_stale_caches() -> None:
    """
    Remove compiled kernels that are older than the newest kernel source.

    numba compares a cached kernel with its own file only, so a kernel would keep the old code of
    the kernels it calls in other files (numba issue 2872).
    """
    sources = [*PACKAGE.glob('kinematics/*.py'), *PACKAGE.glob('solver/*.py')]
    newest = max(source.stat().st_mtime for source in sources)
    for index in PACKAGE.glob('*/__pycache__/*.nbi'):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
        except OSError:  # read-only installation, or another process was faster
            return


_remove_stale_caches()
