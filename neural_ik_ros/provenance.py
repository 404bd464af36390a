# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Provenance of a result: versions of libraries and hardware."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import __version__

CPU_INFO = Path('/proc/cpuinfo')


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions of this package, of Python and of the libraries that are installed."""
    found = {'neural_ik_ros': __version__, 'python': platform.python_version()}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue  # TensorFlow has two distribution names
    return found


def hardware() -> dict[str, str | int]:
    """Describe the machine, on which measured times depend."""
    return {
        'system': platform.system(),
        'machine': platform.machine(),
        'processor': _processor(),
        'n_processors': os.cpu_count() or 0,
    }


def _processor() -> str:
    """Return the model of the first processor from Linux, else the name Python reports."""
    try:
        lines = CPU_INFO.read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.processor()
