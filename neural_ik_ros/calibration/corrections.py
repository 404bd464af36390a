# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration files: corrections of the joint frames of one arm, relative to its URDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..kinematics import FloatArray, Transform, transform_from_xyz_rpy
from ..settings import load_yaml

JOINTS_KEY = 'joints'
MAX_CORRECTION = {'xyz': 0.05, 'rpy': 0.1}  # [m], [rad]: more is another arm
EXAMPLE = 'docs/calibrate.md'


def load_calibration(path: Path) -> dict[str, Transform]:
    """
    Return the displacement (4, 4) [m] of each corrected joint frame, by the joint's name.

    :raises ConfigError: If the file is not as docs/calibrate.md describes.
    """
    where, content = str(path), load_yaml(path, example=EXAMPLE)
    for key in content:
        _require(
            key == JOINTS_KEY, where, f'unknown key {key!r}', f'the only one is {JOINTS_KEY!r}'
        )
    joints = content.get(JOINTS_KEY)
    if not isinstance(joints, Mapping) or not joints:
        raise ConfigError(where, f'no joints below {JOINTS_KEY!r}', f'see {EXAMPLE}')
    return {
        str(joint): _displacement(values, f'{where} {joint}') for joint, values in joints.items()
    }


def _displacement(values: Any, where: str) -> Transform:
    is_mapping = isinstance(values, Mapping)
    _require(is_mapping, where, f'{values!r} is not a mapping', 'give its xyz and rpy')
    for key in values:
        _require(key in MAX_CORRECTION, where, f'unknown key {key!r}', 'known are xyz, rpy')
    xyz, rpy = (_numbers(values.get(key, [0.0] * 3), key, where) for key in MAX_CORRECTION)
    return transform_from_xyz_rpy(xyz, rpy)


def _numbers(values: Any, key: str, where: str) -> FloatArray:
    """Return the three numbers (3,) of a correction, checked for type and size."""
    is_triple = isinstance(values, list) and len(values) == 3
    is_numeric = is_triple and all(type(value) in {int, float} for value in values)
    remedy = 'give three numbers (1.0e-3 needs its point)'
    _require(is_numeric, where, f'{key} is {values!r}', remedy)
    numbers = np.array(values, dtype=np.float64)
    unit, most = {'xyz': 'm', 'rpy': 'rad'}[key], MAX_CORRECTION[key]
    is_small = bool((np.abs(numbers) <= most).all())
    _require(is_small, where, f'{key} {values} is larger than {most} {unit}', 'correct its unit')
    return numbers


def _require(condition: bool, where: str, problem: str, remedy: str) -> None:
    if not condition:
        raise ConfigError(where, problem, remedy)
