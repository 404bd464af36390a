# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Locates the installed launch files, configuration and robot description."""

from __future__ import annotations

import sys
from pathlib import Path

from .errors import FileError

PACKAGE_NAME = 'neural_ik_ros'


def share_folder() -> Path:
    """
    Return the folder that holds ``config/``, ``launch/`` and ``urdf/``.

    Searches the ament index (colcon, apt), then the Python prefix (``pip install .``), then the
    source tree (``pip install -e .`` installs no data files).

    :raises FileError: If none of the three has the files.
    """
    candidates = [
        *_ament_share(),
        Path(sys.prefix) / 'share' / PACKAGE_NAME,
        Path(__file__).resolve().parent.parent,
    ]
    for candidate in candidates:
        if (candidate / 'config').is_dir() and (candidate / 'urdf').is_dir():
            return candidate
    raise FileError(
        f'share folder of {PACKAGE_NAME}',
        f'no config/ and urdf/ in {[str(path) for path in candidates]}',
        'source the workspace (install/setup.bash) or reinstall the package with pip',
    )


def _ament_share() -> list[Path]:
    try:
        from ament_index_python.packages import get_package_share_directory
    except ImportError:
        return []
    try:
        return [Path(get_package_share_directory(PACKAGE_NAME))]
    except (LookupError, OSError):  # not in the index, or AMENT_PREFIX_PATH unset
        return []
