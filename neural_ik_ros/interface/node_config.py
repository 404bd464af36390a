# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from ..kinematics import CoupledLimit
from ..motion import OUTPUT_MODES, TRAJECTORY, TrackerConfig
from ..solver import SolverOptions
from .description_check import DESCRIPTION_MODES
from .parameter_table import parameter
from .realtime import cpus_from_text

ACTION = 'action'  # as TRAJECTORY, but each motion is a goal


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
    use_tf: bool = field(
        default=False,
        metadata=parameter('Accept targets in other frames that TF knows (needs tf2_ros)'),
    )
    output_mode: str = field(
        default=OUTPUT_MODES[0],
        metadata=parameter(
            'Send commands as they are due, or the whole motion to each target at once, '
            'as a message or as a goal of FollowJointTrajectory (needs control_msgs)',
            choices=(*OUTPUT_MODES, ACTION),
        ),
    )
    rate_hz: float = field(
        default=250.0,
        metadata=parameter('Commands between targets', unit='Hz', low=1.0, high=1000.0),
    )
    target_timeout_s: float = field(
        default=0.1,
        metadata=parameter(
            'Largest age of a target stamp', unit='s', low=0.001, high=60.0, is_live=True
        ),
    )
    joint_state_timeout_s: float = field(
        default=0.5,
        metadata=parameter(
            'Largest age of the joint state', unit='s', low=0.001, high=60.0, is_live=True
        ),
    )
    following_error_rad: float = field(
        default=0.05,
        metadata=parameter(
            'Farthest a joint may be from its commands; 0 for no check',
            unit='rad',
            low=0.0,
            high=7.0,
            is_live=True,
        ),
    )
    following_delay_s: float = field(
        default=0.15,
        metadata=parameter(
            'Time by which the arm may follow its commands late',
            unit='s',
            low=0.001,
            high=2.0,
            is_live=True,
        ),
    )
    overrun_timeout_s: float = field(
        default=0.5,
        metadata=parameter(
            'Time by which a command may be late', unit='s', low=0.001, high=60.0, is_live=True
        ),
    )
    automatic_recovery: bool = field(
        default=True,
        metadata=parameter(
            'Whether faults end by themselves, or by activation only', is_live=True
        ),
    )
    recovery_s: float = field(
        default=0.5,
        metadata=parameter(
            'Time at rest after which a fault ends by itself',
            unit='s',
            low=0.001,
            high=60.0,
            is_live=True,
        ),
    )
    robot_description_mode: str = field(
        default=DESCRIPTION_MODES[0],
        metadata=parameter(
            'Check that robot_description is the arm of the bundle, use it instead, or ignore it',
            choices=DESCRIPTION_MODES,
        ),
    )
    geometry_tolerance_m: float = field(
        default=1e-5,
        metadata=parameter(
            'Difference up to which axes and tool are the same, in rad as well',
            unit='m',
            low=0.0,
            high=1e-3,
        ),
    )
    position_tolerance_m: float = field(
        default=1e-9,
        metadata=parameter(
            'Tool position error allowed', unit='m', low=1e-12, high=1e-2, is_live=True
        ),
    )
    rotation_tolerance_rad: float = field(
        default=1e-9,
        metadata=parameter(
            'Tool rotation error allowed', unit='rad', low=1e-12, high=1e-2, is_live=True
        ),
    )
    allow_other_posture: bool = field(
        default=False,
        metadata=parameter('Whether shoulder, elbow or wrist may change posture', is_live=True),
    )
    current_joints_first: bool = field(
        default=True,
        metadata=parameter(
            'Start from the present joints; ask the network where that does not keep the posture',
            is_live=True,
        ),
    )
    max_joint_step_rad: float = field(
        default=0.0,
        metadata=parameter(
            'Farthest solution from the commanded joints; 0 for no limit',
            unit='rad',
            low=0.0,
            high=20.0,
            is_live=True,
        ),
    )
    min_singular_value: float = field(
        default=0.0,
        metadata=parameter(
            'Smallest singular value of the Jacobian allowed', low=0.0, high=1.0, is_live=True
        ),
    )
    iteration_budget: int = field(
        default=8000,
        metadata=parameter(
            'Newton steps for one target before it is given up',
            low=1,
            high=1_000_000,
            is_live=True,
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
        metadata=parameter(
            'Share of the velocity limits of the arm', low=0.01, high=1.0, is_live=True
        ),
    )
    max_acceleration: tuple[float, ...] = field(
        default=(5.0, 5.0, 5.0, 10.0, 10.0, 10.0),
        metadata=parameter(
            'Acceleration limits', unit='rad/s^2', low=0.01, high=1e4, size=6, is_live=True
        ),
    )
    max_jerk: tuple[float, ...] = field(
        default=(50.0, 50.0, 50.0, 100.0, 100.0, 100.0),
        metadata=parameter('Jerk limits', unit='rad/s^3', low=0.1, high=1e6, size=6, is_live=True),
    )
    ik_service: str = field(
        default='solve_ik',
        metadata=parameter(
            'Service that answers GetPositionIK (needs moveit_msgs); empty for none'
        ),
    )
    ik_group: str = field(
        default='manipulator',
        metadata=parameter('Planning group that it answers for; empty for any', is_live=True),
    )
    ik_allow_other_posture: bool = field(
        default=True,
        metadata=parameter('Whether its answers may change the posture of the seed', is_live=True),
    )
    realtime_priority: int = field(
        default=0,
        metadata=parameter(
            'Priority of the process under SCHED_FIFO; 0 for ordinary scheduling', low=0, high=99
        ),
    )
    cpu_affinity: str = field(
        default='', metadata=parameter('Processors to run on, e.g. 2,3; empty for all')
    )

    def __post_init__(self) -> None:
        """Refuse what does not make sense together."""
        self.solver_options()
        self.tracker_config()
        cpus_from_text(self.cpu_affinity)

    def solver_options(self) -> SolverOptions:
        """Return what counts as solved."""
        return SolverOptions(
            position_tolerance=self.position_tolerance_m,
            rotation_tolerance=self.rotation_tolerance_rad,
            allow_other_posture=self.allow_other_posture,
            current_joints_first=self.current_joints_first,
            max_joint_step=self.max_joint_step_rad or math.inf,
            min_singular_value=self.min_singular_value,
            iteration_budget=self.iteration_budget,
            coupled_limit=self._coupled_limit(),
        )

    def service_options(self) -> SolverOptions:
        """Return what counts as solved for requests: their seed is not where the arm is."""
        return replace(
            self.solver_options(),
            allow_other_posture=self.ik_allow_other_posture,
            max_joint_step=math.inf,
        )

    def tracker_config(self) -> TrackerConfig:
        """Return how targets and commands are timed and watched."""
        return TrackerConfig(
            base_frame=self.prefix + self.base_frame,
            output_mode=TRAJECTORY if self.output_mode == ACTION else self.output_mode,
            rate_hz=self.rate_hz,
            target_timeout_s=self.target_timeout_s,
            joint_state_timeout_s=self.joint_state_timeout_s,
            following_error=self.following_error_rad,
            following_delay_s=self.following_delay_s,
            overrun_timeout_s=self.overrun_timeout_s,
            automatic_recovery=self.automatic_recovery,
            recovery_s=self.recovery_s,
        )

    def _coupled_limit(self) -> CoupledLimit | None:
        if not self.coupled_limit_enabled:
            return None
        return CoupledLimit(
            first=1,
            second=2,
            lower=self.coupled_limit_lower_rad,
            upper=self.coupled_limit_upper_rad,
        )
