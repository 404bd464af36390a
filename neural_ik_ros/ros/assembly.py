# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters, and the objects they ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..kinematics import Arm, CoupledLimit
from ..learning.serving import IkSolver
from ..motion import MotionGenerator, MotionLimits, PoseTracker, TrackerConfig
from ..solver import SolverOptions
from .parameters import parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """Everything a user can set; config/neural_ik.yaml lists the same with the same defaults."""

    bundle: str = field(
        default='', metadata=parameter('Folder of the network bundle; empty for the shipped one')
    )
    autostart: bool = field(
        default=False, metadata=parameter('Configure and activate without a lifecycle manager')
    )
    prefix: str = field(
        default='', metadata=parameter('Put before joint and frame names, e.g. left_')
    )
    base_frame: str = field(
        default='base_link', metadata=parameter('Frame that targets are given in')
    )
    rate_hz: float = field(
        default=250.0,
        metadata=parameter('Commands between targets', unit='Hz', low=1.0, high=1000.0),
    )
    target_timeout_s: float = field(
        default=0.1,
        metadata=parameter('Largest age of a target stamp', unit='s', low=0.001, high=60.0),
    )
    joint_state_timeout_s: float = field(
        default=0.5,
        metadata=parameter('Largest age of the joint state', unit='s', low=0.001, high=60.0),
    )
    position_tolerance_m: float = field(
        default=1e-9,
        metadata=parameter('Tool position error allowed', unit='m', low=1e-12, high=1e-2),
    )
    rotation_tolerance_rad: float = field(
        default=1e-9,
        metadata=parameter('Tool rotation error allowed', unit='rad', low=1e-12, high=1e-2),
    )
    allow_other_posture: bool = field(
        default=False, metadata=parameter('Whether shoulder, elbow or wrist may change posture')
    )
    max_joint_step_rad: float = field(
        default=0.0,
        metadata=parameter(
            'Farthest solution from the commanded joints; 0 for no limit',
            unit='rad',
            low=0.0,
            high=20.0,
        ),
    )
    min_singular_value: float = field(
        default=0.0,
        metadata=parameter('Smallest singular value of the Jacobian allowed', low=0.0, high=1.0),
    )
    iteration_budget: int = field(
        default=8000,
        metadata=parameter(
            'Newton steps for one target; the longest search takes 2820', low=1, high=1_000_000
        ),
    )
    coupled_limit_enabled: bool = field(
        default=False, metadata=parameter('Whether joint_2 + joint_3 has a limit of its own')
    )
    coupled_limit_lower_rad: float = field(
        default=-1.0472,
        metadata=parameter('Lower limit of joint_2 + joint_3', unit='rad', low=-7.0, high=7.0),
    )
    coupled_limit_upper_rad: float = field(
        default=1.1345,
        metadata=parameter('Upper limit of joint_2 + joint_3', unit='rad', low=-7.0, high=7.0),
    )
    velocity_scale: float = field(
        default=1.0,
        metadata=parameter('Share of the velocity limits of the arm', low=0.01, high=1.0),
    )
    max_acceleration: tuple[float, ...] = field(
        default=(5.0, 5.0, 5.0, 10.0, 10.0, 10.0),
        metadata=parameter('Acceleration limits', unit='rad/s^2', low=0.01, high=1e4, size=6),
    )
    max_jerk: tuple[float, ...] = field(
        default=(50.0, 50.0, 50.0, 100.0, 100.0, 100.0),
        metadata=parameter('Jerk limits', unit='rad/s^3', low=0.1, high=1e6, size=6),
    )


def make_tracker(config: NodeConfig) -> PoseTracker:
    """
    Return the tracker that a configuration asks for, its bundle loaded and verified.

    Solves once, so that nothing is compiled or loaded lazily in the control loop.

    :raises NeuralIkError: If the bundle or a limit cannot be used.
    """
    solver = IkSolver.load(
        Path(config.bundle) if config.bundle else None,
        options=SolverOptions(
            position_tolerance=config.position_tolerance_m,
            rotation_tolerance=config.rotation_tolerance_rad,
            allow_other_posture=config.allow_other_posture,
            max_joint_step=config.max_joint_step_rad or math.inf,
            min_singular_value=config.min_singular_value,
            iteration_budget=config.iteration_budget,
            coupled_limit=_coupled_limit(config),
        ),
    )
    tracker = PoseTracker(
        solver,
        MotionGenerator(motion_limits(solver.arm, config)),
        TrackerConfig(
            base_frame=config.prefix + config.base_frame,
            rate_hz=config.rate_hz,
            target_timeout_s=config.target_timeout_s,
            joint_state_timeout_s=config.joint_state_timeout_s,
        ),
    )
    solver.warm_up()
    return tracker


def motion_limits(arm: Arm, config: NodeConfig) -> MotionLimits:
    """Return the limits of the arm together with those of the configuration."""
    return MotionLimits.of_arm(
        arm,
        acceleration=config.max_acceleration,
        jerk=config.max_jerk,
        velocity_scale=config.velocity_scale,
    )


def _coupled_limit(config: NodeConfig) -> CoupledLimit | None:
    if not config.coupled_limit_enabled:
        return None
    return CoupledLimit(
        first=1,
        second=2,
        lower=config.coupled_limit_lower_rad,
        upper=config.coupled_limit_upper_rad,
    )
