# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The decorator that compiles the kernels of this package, with a cache that sees every change."""

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
SOURCES = ('kinematics/**/*.py', 'solver/**/*.py', 'motion/**/*.py')  # kernels others call


def compiled(kernel: Kernel) -> Kernel:
    """
    Compile a kernel with numba, cached on disk; type checkers see the Python signature.

    Division by zero yields inf or nan as in numpy, so that a kernel never raises in a loop.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or _cache_folder()
    try:
        dispatcher = numba.njit(cache=True, error_model='numpy')(kernel)
        _rebuild_if_damaged(dispatcher)
        return cast(Kernel, dispatcher)
    except RuntimeError:  # numba's, if neither package nor home is writable
        _warn_of_slow_starts()
        return cast(Kernel, numba.njit(error_model='numpy')(kernel))
    finally:
        numba.config.CACHE_DIR = before


def _rebuild_if_damaged(dispatcher: Any) -> None:
    """
    Let a kernel compile again, and say so, where its cache cannot be read.

    After a power loss files are empty or cut, and numba raises what unpickling them raises.
    """
    cache = dispatcher._cache
    load = cache.load_overload

    def load_or_discard(*args: Any) -> Any:
        try:
            return load(*args)
        except Exception as error:  # noqa: BLE001  unpickling can raise anything
            logging.getLogger(__name__).warning(
                'the cache of compiled code in %s is damaged (%s: %s); compiling %s again.',
                cache.cache_path, type(error).__name__, error, dispatcher.__name__,
            )  # fmt: skip
            cache.flush()
            return None

    cache.load_overload = load_or_discard


@functools.cache
def _warn_of_slow_starts() -> None:
    """Warn once that nothing is cached."""
    logging.getLogger(__name__).warning(
        'no folder to cache compiled code in is writable, so each start takes many seconds; '
        'set NUMBA_CACHE_DIR to a writable folder.'
    )


@functools.cache
def _cache_folder() -> str:
    """
    Return a cache folder for exactly this version of all kernels; '' for numba's own choice.

    numba compares a cached kernel with its own file only, so it would miss changes of the kernels
    it calls in other files (numba issue 2872).
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
    except OSError:  # installed system-wide: numba then caches below the user's home
        return ''
    for other in parent.glob('numba-*'):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return str(folder)
