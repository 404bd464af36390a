# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the node ``neural_ik``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..kinematics import CoupledLimit
from ..motion import OUTPUT_MODES, TRAJECTORY, TrackerConfig
from ..solver import SolverOptions
from .description_check import CHECK, DESCRIPTION_MODES
from .parameter_schema import parameter
from .scheduling import cpus_from_text

ACTION = 'action'  # like TRAJECTORY, but each motion is sent as an action goal
NO_LIMIT = 0.0  # as a parameter, since those are finite; infinity in SolverOptions
SOLVER, TRACKER = SolverOptions(), TrackerConfig()  # the defaults


def _finite(limit: float) -> float:
    """Return a limit of SolverOptions as a parameter."""
    return NO_LIMIT if math.isinf(limit) else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """All parameters; config/neural_ik.yaml lists them with the same defaults."""

    bundle: str = parameter('', 'Folder of the network bundle; empty for the shipped one')
    autostart: bool = parameter(False, 'Configure and activate without a lifecycle manager')
    prefix: str = parameter('', 'Prefix of joint and frame names, e.g. left_')
    base_frame: str = parameter(TRACKER.base_frame, 'Frame that targets are given in')
    use_tf: bool = parameter(False, 'Accept targets in any frame known to TF (needs tf2_ros)')
    output_mode: str = parameter(
        TRACKER.output_mode,
        'Send commands as they are due, or the whole motion to each target at once, '
        'as a message or as a goal of FollowJointTrajectory (needs control_msgs)',
        choices=(*OUTPUT_MODES, ACTION),
    )
    rate_hz: float = parameter(
        TRACKER.rate_hz, 'Commands between targets', unit='Hz', low=1.0, high=1000.0
    )
    target_timeout_s: float = parameter(
        TRACKER.target_timeout_s,
        'Largest difference of a target stamp from now',
        unit='s',
        low=0.001,
        high=60.0,
        is_live=True,
    )
    joint_state_timeout_s: float = parameter(
        TRACKER.joint_state_timeout_s,
        'Largest age of the joint state',
        unit='s',
        low=0.001,
        high=60.0,
        is_live=True,
    )
    max_following_error_rad: float = parameter(
        TRACKER.max_following_error,
        'Largest distance of a joint from its commands; 0 for no check',
        unit='rad',
        low=0.0,
        high=7.0,
        is_live=True,
    )
    following_delay_s: float = parameter(
        TRACKER.following_delay_s,
        'Largest lag of the arm behind its commands',
        unit='s',
        low=0.001,
        high=2.0,
        is_live=True,
    )
    max_command_delay_s: float = parameter(
        TRACKER.max_command_delay_s,
        'Largest delay of a command that is due',
        unit='s',
        low=0.001,
        high=60.0,
        is_live=True,
    )
    automatic_recovery: bool = parameter(
        TRACKER.automatic_recovery,
        'Recover from faults without a new activation',
        is_live=True,
    )
    recovery_s: float = parameter(
        TRACKER.recovery_s,
        'Time at rest before a fault ends by itself',
        unit='s',
        low=0.001,
        high=60.0,
        is_live=True,
    )
    robot_description_mode: str = parameter(
        CHECK,
        'Check that robot_description is the arm of the bundle, use it instead, or ignore it',
        choices=DESCRIPTION_MODES,
    )
    robot_description_tolerance_m: float = parameter(
        1e-5,
        'Largest difference of axes and tool of the same arm, in rad as well',
        unit='m',
        low=0.0,
        high=1e-3,
    )
    position_tolerance_m: float = parameter(
        SOLVER.position_tolerance,
        'Largest position error of the tool',
        unit='m',
        low=1e-12,
        high=1e-2,
        is_live=True,
    )
    rotation_tolerance_rad: float = parameter(
        SOLVER.rotation_tolerance,
        'Largest rotation error of the tool',
        unit='rad',
        low=1e-12,
        high=1e-2,
        is_live=True,
    )
    allow_other_posture: bool = parameter(
        SOLVER.allow_other_posture,
        'Whether shoulder, elbow or wrist may change posture in a move that is not near',
        is_live=True,
    )
    # The library tries the network first: the one default that differs.
    current_joints_first: bool = parameter(
        True,
        'Start from the current joints, then the branches; use the network where these fail',
        is_live=True,
    )
    max_joint_step_rad: float = parameter(
        _finite(SOLVER.max_joint_step),
        'Largest step of a joint from its command to the solution; 0 for no limit',
        unit='rad',
        low=0.0,
        high=20.0,
        is_live=True,
    )
    min_singular_value: float = parameter(
        SOLVER.min_singular_value,
        'Smallest allowed singular value of the Jacobian',
        low=0.0,
        high=1.0,
        is_live=True,
    )
    iteration_budget: int = parameter(
        SOLVER.iteration_budget,
        'Levenberg-Marquardt iterations for one target, over all seeds',
        low=1,
        high=1_000_000,
        is_live=True,
    )
    coupled_limit_enabled: bool = parameter(
        SOLVER.coupled_limit is not None, 'Limit joint_2 + joint_3 as well'
    )
    coupled_limit_lower_rad: float = parameter(
        -1.0472, 'Lower limit of joint_2 + joint_3', unit='rad', low=-7.0, high=7.0
    )
    coupled_limit_upper_rad: float = parameter(
        1.1345, 'Upper limit of joint_2 + joint_3', unit='rad', low=-7.0, high=7.0
    )
    velocity_scaling_factor: float = parameter(
        1.0, 'Factor on the velocity limits of the arm', low=0.01, high=1.0, is_live=True
    )
    max_acceleration: tuple[float, ...] = parameter(
        (5.0, 5.0, 5.0, 10.0, 10.0, 10.0),
        'Acceleration limits',
        unit='rad/s^2',
        low=0.01,
        high=1e4,
        size=6,
        is_live=True,
    )
    max_jerk: tuple[float, ...] = parameter(
        (50.0, 50.0, 50.0, 100.0, 100.0, 100.0),
        'Jerk limits',
        unit='rad/s^3',
        low=0.1,
        high=1e6,
        size=6,
        is_live=True,
    )
    ik_service: str = parameter(
        'solve_ik', 'Name of the GetPositionIK service (needs moveit_msgs); empty for none'
    )
    ik_group: str = parameter(
        'manipulator', 'Planning group that the service accepts; empty for any', is_live=True
    )
    ik_allow_other_posture: bool = parameter(
        True, 'Whether the service may leave the posture of the seed', is_live=True
    )
    realtime_priority: int = parameter(
        0, 'SCHED_FIFO priority of the process; 0 for ordinary scheduling', low=0, high=99
    )
    cpu_affinity: str = parameter('', 'Processors to run on, e.g. 2,3; empty for all')

    def __post_init__(self) -> None:
        """Refuse values that are invalid together."""
        self.solver_options()
        self.tracker_config()
        cpus_from_text(self.cpu_affinity)

    def solver_options(self) -> SolverOptions:
        """Return the solver's options for targets."""
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
        """Return the solver's options for GetPositionIK; its seed need not be the arm's state."""
        return replace(
            self.solver_options(),
            allow_other_posture=self.ik_allow_other_posture,
            max_joint_step=math.inf,
        )

    def tracker_config(self) -> TrackerConfig:
        """Return the tracker's configuration."""
        return TrackerConfig(
            base_frame=self.prefix + self.base_frame,
            output_mode=TRAJECTORY if self.output_mode == ACTION else self.output_mode,
            rate_hz=self.rate_hz,
            target_timeout_s=self.target_timeout_s,
            joint_state_timeout_s=self.joint_state_timeout_s,
            max_following_error=self.max_following_error_rad,
            following_delay_s=self.following_delay_s,
            max_command_delay_s=self.max_command_delay_s,
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
