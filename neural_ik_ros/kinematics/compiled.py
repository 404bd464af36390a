# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one way this package compiles a kernel."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar('Kernel', bound=Callable[..., Any])
PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = ('kinematics/*.py', 'solver/*.py', 'motion/*.py')  # where kernels are


def compiled(kernel: Kernel) -> Kernel:
    """
    Return the kernel compiled by numba, cached on disk, keeping its Python signature.

    Division by zero yields inf or nan as in numpy, so that a kernel never raises in a loop.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or _cache_folder()
    try:
        return cast(Kernel, numba.njit(cache=True, error_model='numpy')(kernel))
    except RuntimeError:  # numba's, where neither package nor home can be written
        _warn_of_slow_starts()
        return cast(Kernel, numba.njit(error_model='numpy')(kernel))
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _warn_of_slow_starts() -> None:
    """Say so once."""
    logging.getLogger(__name__).warning(
        'compiled code can be kept nowhere, so each start takes many seconds; '
        'set NUMBA_CACHE_DIR to a folder that can be written.'
    )


@functools.cache
def _cache_folder() -> str:
    """
    Return a folder for just this version of all kernels; empty for numba's own choice.

    numba compares a cached kernel with its own file only, so it would keep the old code of the
    kernels that it calls in other files (numba issue 2872).
    """
    digest = hashlib.sha256()
    for source in sorted(path for pattern in SOURCES for path in PACKAGE.glob(pattern)):
        digest.update(source.read_bytes())
    parent = PACKAGE / '__pycache__'
    folder = parent / f'numba-{digest.hexdigest()[:16]}'
    if folder.is_dir():
        return str(folder) if os.access(folder, os.W_OK) else ''
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # installed for all users: numba then caches below the user's home
        return ''
    for other in parent.glob('numba-*'):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return str(folder)
