# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A calibration file: how the joint frames of one arm differ from the nominal ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..kinematics import FloatArray, Transform, transform_from_xyz_rpy
from ..settings import ConfigError, load_yaml, require

KEY = 'joints'
LARGEST = {'xyz': 0.05, 'rpy': 0.1}  # [m], [rad] more is not a calibration but another arm
EXAMPLE = 'docs/calibrate.md'


def load_calibration(path: Path) -> dict[str, Transform]:
    """
    Return the displacement (4, 4) [m] of each corrected joint frame, by the joint's name.

    :raises ConfigError: If the file is not as docs/calibrate.md describes.
    """
    where, content = str(path), load_yaml(path, example=EXAMPLE)
    for key in content:
        require(key == KEY, where, f'unknown key {key!r}; the only one is {KEY!r}')
    joints = content.get(KEY)
    if not isinstance(joints, Mapping) or not joints:
        raise ConfigError(where, f'no joints below {KEY!r}; see {EXAMPLE}')
    return {
        str(joint): _displacement(values, f'{where} {joint}') for joint, values in joints.items()
    }


def _displacement(values: Any, where: str) -> Transform:
    require(isinstance(values, Mapping), where, f'{values!r} is not a mapping of xyz and rpy')
    for key in values:
        require(key in LARGEST, where, f'unknown key {key!r}; known are xyz, rpy')
    xyz, rpy = (_numbers(values.get(key, [0.0] * 3), key, where) for key in LARGEST)
    return transform_from_xyz_rpy(xyz, rpy)


def _numbers(values: Any, key: str, where: str) -> FloatArray:
    """Return three numbers that are small enough to be a correction."""
    is_triple = isinstance(values, list) and len(values) == 3
    is_numeric = is_triple and all(type(value) in {int, float} for value in values)
    require(is_numeric, where, f'{key} is {values!r}; give three numbers (1.0e-3 needs its point)')
    numbers = np.array(values, dtype=np.float64)
    unit, most = {'xyz': 'm', 'rpy': 'rad'}[key], LARGEST[key]
    is_small = bool((np.abs(numbers) <= most).all())
    require(is_small, where, f'{key} {values} is larger than {most} {unit}; correct its unit')
    return numbers
