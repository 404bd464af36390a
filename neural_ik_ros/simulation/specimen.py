# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A simulated arm that is not as its URDF says, and a sensor that sees its tool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..api import calibrator
from ..kinematics import (
    N_JOINTS,
    N_NODES,
    TAU,
    Arm,
    FloatArray,
    JointErrors,
    Joints,
    Transform,
    forward,
    rotation_from_rpy,
    transform_from_xyz_rpy,
)
from ..settings import from_mapping, load_yaml, require

FRAME_ERROR = 1e-3  # [m], [rad] largest of a drawn specimen
MAP_RMS = 3e-4  # [rad]
MAX_SAG = 2e-4  # [rad/m]
N_HARMONICS = 40
EXAMPLE = 'docs/calibration.md'


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenConfig:
    """What a file says of a specimen, beside the errors of its arm."""

    errors: str = ''  # calibration file with its frames, joint maps and sag; empty: drawn ones
    seed: int = 0  # of the drawn errors and of the noise
    half_backlash: tuple[float, ...] = (2e-5,) * N_JOINTS  # [rad] of each joint
    position_noise: float = 2e-5  # [m] of the sensor along an axis
    rotation_noise: float = 2e-5  # [rad] about an axis
    sensor: tuple[float, ...] = (2.0, 1.0, 0.5, 0.1, 0.2, 2.0)  # [m], [rad] of the base in it
    body: tuple[float, ...] = (0.05, 0.02, 0.11, 0.3, -0.2, 0.5)  # [m], [rad] in the tool frame

    def __post_init__(self) -> None:
        """
        Check the numbers.

        :raises ConfigError: If one is missing, or is no error of an arm or a sensor.
        """
        for name, size, most in (('half_backlash', N_JOINTS, 0.01), ('sensor', 6, 50.0)):
            values = np.array(getattr(self, name))
            is_usable = values.shape == (size,) and bool((np.abs(values) <= most).all())
            require(
                is_usable, f'specimen {name}', f'{getattr(self, name)}', f'give {size} numbers'
            )
        require(len(self.body) == 6, 'specimen body', f'{self.body}', 'give 6 numbers')
        require(min(self.half_backlash) >= 0.0, 'specimen half_backlash', 'negative', 'correct it')
        for name in ('position_noise', 'rotation_noise'):
            is_small = 0.0 <= getattr(self, name) <= 0.01
            require(is_small, f'specimen {name}', f'{getattr(self, name)}', 'give 0 to 0.01')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Specimen:
    """An arm with hidden errors, and its sensor."""

    arm: Arm  # as it really is
    config: SpecimenConfig

    def tools(self, q: Joints) -> Transform:
        """
        Return the true poses (n, 4, 4) of the measured body in the sensor, without noise.

        :param q: Commands (n, 6) [rad], one after the other: a joint lags by half its backlash
            behind the way that it last moved.
        """
        moves = np.sign(np.diff(q, axis=0, prepend=q[:1]))
        for row in range(1, len(moves)):
            moves[row] = np.where(moves[row] == 0.0, moves[row - 1], moves[row])
        actual = q - moves * np.array(self.config.half_backlash)
        body = transform_from_xyz_rpy(self.config.body[:3], self.config.body[3:])
        base = transform_from_xyz_rpy(self.config.sensor[:3], self.config.sensor[3:])
        poses: Transform = base @ forward(self.arm, actual) @ body
        return poses

    def measured(self, q: Joints) -> Transform:
        """Return what the sensor measures (n, 4, 4) at commands (n, 6) [rad]."""
        rng, poses = np.random.default_rng(self.config.seed + 1), self.tools(q)
        poses[:, :3, 3] += rng.normal(0.0, self.config.position_noise, (len(q), 3))
        turns = rotation_from_rpy(rng.normal(0.0, self.config.rotation_noise, (len(q), 3)))
        poses[:, :3, :3] = poses[:, :3, :3] @ turns
        return poses


def make_specimen(nominal: Arm, urdf: str, file: Path | None = None) -> Specimen:
    """
    Return the specimen that a file describes, by default one with drawn errors.

    :param urdf: The text that the nominal arm was made from.
    :raises ConfigError: If the file, or the errors it names, cannot be used.
    """
    config = SpecimenConfig()
    if file is not None:
        config = from_mapping(SpecimenConfig, load_yaml(file, example=EXAMPLE), '')
    if file is None or not config.errors:
        return Specimen(arm=drawn_errors(nominal, config.seed), config=config)
    arm = calibrator(file.parent / config.errors)(
        urdf, base_frame=nominal.base_frame, tool_frame=nominal.tool_frame
    )
    return Specimen(arm=arm, config=config)


def drawn_errors(nominal: Arm, seed: int) -> Arm:
    """Return the arm with every frame off, joint maps, and sag by gravity."""
    rng = np.random.default_rng(seed)
    turns = np.outer(np.arange(1, N_HARMONICS + 1), np.arange(N_NODES) * (TAU / N_NODES))
    series = np.vstack([np.cos(turns), np.sin(turns)])
    scale = MAP_RMS / np.sqrt(N_HARMONICS)
    values: FloatArray = scale * rng.normal(size=(N_JOINTS, len(series))) @ series
    small = rng.uniform(-FRAME_ERROR, FRAME_ERROR, (2, N_JOINTS + 1, 3))
    sag = np.triu(rng.uniform(0.0, MAX_SAG, (N_JOINTS, N_JOINTS + 1)), 1)
    return replace(
        nominal,
        rotations=nominal.rotations @ rotation_from_rpy(small[0]),
        translations=nominal.translations + small[1],
        joint_errors=JointErrors.create(values, sag),
    )
