# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the node ``neural_ik``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..kinematics import CoupledLimit
from ..kinematics.urdf.target_frames import FrameSettings
from ..motion import OUTPUT_MODES, TrackerConfig
from ..solver import SolverOptions
from .description_check import CHECK, DESCRIPTION_MODES
from .parameter_schema import bad_parameter, parameter
from .runtime.scheduling import cpus_from_text

ROBOT_DESCRIPTION = 'robot_description'  # as urdf: the arm is the one that is received
NO_LIMIT = 0.0  # as a parameter, since those are finite; infinity in SolverOptions
SOLVER, TRACKER = SolverOptions(), TrackerConfig()  # the defaults


def _finite(limit: float) -> float:
    """Return a limit of SolverOptions as a parameter."""
    return NO_LIMIT if math.isinf(limit) else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """All parameters; config/neural_ik.yaml lists them with the same defaults."""

    bundle: str = parameter('', 'Folder of the network bundle; empty for the shipped one')
    calibration: str = parameter(
        '', 'Calibration file of the arm, see docs/calibration.md; empty for the nominal geometry'
    )
    urdf: str = parameter(
        '',
        'Any six-axis arm, from base_frame to tool_frame, without a network: path of its URDF, or '
        'robot_description for the one that is received; empty for the arm of the bundle',
    )
    autostart: bool = parameter(False, 'Configure and activate without a lifecycle manager')
    prefix: str = parameter('', 'Prefix of joint and frame names, e.g. left_')
    base_frame: str = parameter(
        'base_link',
        'Frame of targets: a link of the description that is fixed to the base of the arm',
    )
    tool_frame: str = parameter(
        '', 'Link that targets are poses of, fixed to the tip of the arm; empty for the tip'
    )
    tool: tuple[float, ...] = parameter(
        FrameSettings().tool,
        'Tip of the tool in tool_frame: x, y, z [m], roll, pitch, yaw [rad]',
        low=-10.0,
        high=10.0,
        size=6,
        is_live=True,
    )
    use_tf: bool = parameter(False, 'Accept targets in any frame known to TF (needs tf2_ros)')
    output_mode: str = parameter(
        TRACKER.output_mode,
        'Send commands as they are due, or the whole motion to each target at once, '
        'as a message or as a goal of FollowJointTrajectory (needs control_msgs)',
        choices=OUTPUT_MODES,
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
    refuse_jumps: bool = parameter(
        TRACKER.refuses_jumps,
        'Refuse a target of a stream whose answer moves a joint much more than the target moved',
        is_live=True,
    )
    max_clock_offset_s: float = parameter(
        TRACKER.max_clock_offset_s,
        'Largest time by which the clock of the controller may be ahead; 0 for no check',
        unit='s',
        low=0.0,
        high=0.5,
        is_live=True,
    )
    automatic_recovery: bool = parameter(
        TRACKER.automatic_recovery,
        'Recover from interruptions without ~/resume',
        is_live=True,
    )
    recovery_s: float = parameter(
        TRACKER.recovery_s,
        'Time at rest before an interruption ends by itself',
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
    max_velocity: tuple[float, ...] = parameter(
        (NO_LIMIT,) * 6,
        'Velocity limits below those of the arm, or where it has none; 0 for those of the arm',
        unit='rad/s',
        low=0.0,
        high=100.0,
        size=6,
        is_live=True,
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
    max_tool_speed_m_s: float = parameter(
        NO_LIMIT,
        'Largest speed of the tool in every command; 0 for no limit but those of the joints',
        unit='m/s',
        low=0.0,
        high=10.0,
        is_live=True,
    )
    max_tool_acceleration_m_s2: float = parameter(
        1.0,
        'Acceleration of the tool in jogging, and below max_tool_speed_m_s',
        unit='m/s^2',
        low=0.01,
        high=100.0,
        is_live=True,
    )
    workspace_lower_m: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.0),
        'Lower corner of the box that the tool stays in, in base_frame; both equal for no box',
        unit='m',
        low=-100.0,
        high=100.0,
        size=3,
        is_live=True,
    )
    workspace_upper_m: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.0),
        'Upper corner of the box that the tool stays in, in base_frame; both equal for no box',
        unit='m',
        low=-100.0,
        high=100.0,
        size=3,
        is_live=True,
    )
    twist_timeout_s: float = parameter(
        0.2,
        'Time without a velocity after which the tool stops and poses are followed again',
        unit='s',
        low=0.01,
        high=2.0,
        is_live=True,
    )
    ik_service: str = parameter(
        'solve_ik', 'Name of the GetPositionIK service (needs moveit_msgs); empty for none'
    )
    ik_validity_service: str = parameter(
        'check_state_validity',
        'GetStateValidity of move_group, for requests that avoid collisions; empty to check none',
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
        if self.urdf and self.bundle:
            problem = 'a network solves for the arm that it was trained for, not for another one'
            raise bad_parameter('urdf', problem)
        corners = self.workspace_lower_m, self.workspace_upper_m
        if self.has_workspace and not all(low < high for low, high in zip(*corners, strict=True)):
            problem = f'{list(corners[0])} is not below {list(corners[1])} on every axis'
            raise bad_parameter('workspace_lower_m', problem)

    @property
    def takes_received_arm(self) -> bool:
        """Whether the arm is the one of robot_description, and nothing else."""
        return self.urdf == ROBOT_DESCRIPTION

    @property
    def has_workspace(self) -> bool:
        """Whether the tool has to stay in a box."""
        return self.workspace_lower_m != self.workspace_upper_m

    def frame_settings(self) -> FrameSettings:
        """Return what targets are poses of, and in which frame."""
        return FrameSettings(
            prefix=self.prefix,
            base_frame=self.base_frame,
            tool_frame=self.tool_frame,
            tool=self.tool,
        )

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
            output_mode=self.output_mode,
            rate_hz=self.rate_hz,
            target_timeout_s=self.target_timeout_s,
            joint_state_timeout_s=self.joint_state_timeout_s,
            max_following_error=self.max_following_error_rad,
            following_delay_s=self.following_delay_s,
            max_command_delay_s=self.max_command_delay_s,
            automatic_recovery=self.automatic_recovery,
            recovery_s=self.recovery_s,
            max_clock_offset_s=self.max_clock_offset_s,
            refuses_jumps=self.refuse_jumps,
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
