# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``simulated_arm``: an arm with its joint_trajectory_controller, without ros2_control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from ...interface.description_check import add_prefix
from ...interface.messages import trajectory_from_message
from ...interface.parameter_schema import bad_parameter, parameter
from ...kinematics import Arm, arm_from_urdf, is_within_limits, nearest_turn
from ...simulation.simulated_controller import START_JOINTS, SimulatedController
from ...units import NS_PER_S
from ...urdf_file import read_urdf, shipped_urdf
from ..runtime import qos
from ..runtime.parameters import declare_parameters

DIAGNOSTICS_PERIOD_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedArmConfig:
    """Parameters of the node ``simulated_arm``."""

    rate_hz: float = parameter(
        250.0, 'Update rate of the controller', unit='Hz', low=1.0, high=1000.0
    )
    initial_joints: tuple[float, ...] = parameter(
        START_JOINTS, 'Joint angles at the start', unit='rad', size=6
    )
    interpolate_from_desired_state: bool = parameter(
        True, 'Start new trajectories from the last command, else from the measured state'
    )
    starts_active: bool = parameter(
        True, 'Follow trajectories from the start, else from ~/activate on'
    )
    goal_latency_s: float = parameter(
        0.0, 'Time from a trajectory to its first update', unit='s', low=0.0, high=1.0
    )
    urdf: str = parameter('', 'Path of a URDF; empty for the IRB2400 of this package')
    base_frame: str = parameter('base_link', 'Link at the base of the arm')
    tool_frame: str = parameter('tool0', 'Link at the tip of the arm')
    prefix: str = parameter('', 'Prefix of joint and link names')
    wrap_continuous_joints: bool = parameter(
        False, 'Publish continuous joints between -pi and pi, as some drivers do'
    )
    publish_robot_description: bool = parameter(
        True, 'Publish robot_description; for use without robot_state_publisher'
    )


def load_urdf(config: SimulatedArmConfig) -> str:
    """
    Return the URDF to simulate; the names in the package's own get the prefix.

    :raises FileError: If the file of the parameter cannot be read.
    """
    if config.urdf:
        return read_urdf(Path(config.urdf).expanduser())
    text = read_urdf(shipped_urdf())
    return add_prefix(text, config.prefix) if config.prefix else text


class SimulatedArm(Node):
    """Follows joint trajectories and publishes joint states."""

    def __init__(self) -> None:
        super().__init__('simulated_arm')
        config = declare_parameters(self, SimulatedArmConfig)
        urdf = load_urdf(config)
        self._arm = arm_from_urdf(
            urdf,
            base_frame=config.base_frame,
            tool_frame=config.tool_frame,
            prefix=config.prefix,
        )
        self._is_wrapped = self._arm.is_continuous & config.wrap_continuous_joints
        self._controller = _make_controller(self._arm, config)
        self._clock = self.get_clock()
        self._joint_state = JointState(name=list(self._arm.joint_names))
        self._joint_states = self.create_publisher(
            JointState,
            'joint_states',
            qos.JOINT_STATES_OUT,
            qos_overriding_options=qos.overridable(),
        )
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS_OUT
        )
        self.create_subscription(
            JointTrajectory,
            'joint_trajectory_controller/joint_trajectory',
            self._on_trajectory,
            qos.TRAJECTORY_IN,
            qos_overriding_options=qos.overridable(),
        )
        if config.publish_robot_description:
            self._description = self.create_publisher(
                String, 'robot_description', qos.ROBOT_DESCRIPTION
            )
            self._description.publish(String(data=urdf))
        for name, switch in (
            ('~/activate', self._controller.activate),
            ('~/deactivate', self._controller.deactivate),
        ):
            self.create_service(Trigger, name, partial(self._switch, switch))
        self.create_timer(1.0 / config.rate_hz, self._update)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)

    def _on_trajectory(self, message: JointTrajectory) -> None:
        now_ns = self._clock.now().nanoseconds
        problem = self._controller.receive(trajectory_from_message(message), now_ns)
        if problem is not None:
            self.get_logger().error(f'trajectory rejected: {problem}', throttle_duration_sec=1.0)

    def _update(self) -> None:
        now = self._clock.now()
        self._controller.update(now.nanoseconds)
        joints, message = self._controller.joints, self._joint_state
        message.header.stamp = now.to_msg()
        wrapped = nearest_turn(joints.q, np.zeros_like(joints.q))
        message.position = np.where(self._is_wrapped, wrapped, joints.q).tolist()
        message.velocity = joints.qd.tolist()
        self._joint_states.publish(message)

    @staticmethod
    def _switch(
        switch: Callable[[], None], _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        switch()
        response.success = True
        return response

    def _publish_diagnostics(self) -> None:
        counts = self._controller.counts
        n_violations = counts.position_violations + counts.speed_violations + counts.not_finite
        is_fine = n_violations == 0 and counts.rejected == 0
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK if is_fine else DiagnosticStatus.WARN,
            name=f'{self.get_fully_qualified_name()}: joint_trajectory_controller',
            hardware_id=f'simulated {self._arm.name}',
            message='following' if is_fine else counts.last_problem,
            values=[
                KeyValue(key='accepted', value=str(counts.accepted)),
                KeyValue(key='rejected', value=str(counts.rejected)),
                KeyValue(key='dropped', value=str(counts.dropped)),
                KeyValue(key='position_violations', value=str(counts.position_violations)),
                KeyValue(key='speed_violations', value=str(counts.speed_violations)),
                KeyValue(key='not_finite', value=str(counts.not_finite)),
                KeyValue(key='last_problem', value=counts.last_problem),
            ],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._clock.now().to_msg()
        self._diagnostics.publish(message)

    def before_exit(self) -> None:
        """Publish the final counts."""
        self._publish_diagnostics()


def _make_controller(arm: Arm, config: SimulatedArmConfig) -> SimulatedController:
    q_start = np.array(config.initial_joints)
    if not is_within_limits(arm, q_start):
        raise bad_parameter('initial_joints', f'{config.initial_joints} is outside the limits')
    controller = SimulatedController(
        arm,
        q_start,
        period_ns=round(NS_PER_S / config.rate_hz),
        goal_latency_ns=round(config.goal_latency_s * NS_PER_S),
        interpolates_from_desired_state=config.interpolate_from_desired_state,
    )
    if not config.starts_active:
        controller.deactivate()
    return controller
