# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""cell.launch.py with ``ros2 launch``: on the real ros2_control, or why there is none."""

from __future__ import annotations

import time

import pytest
import started

try:
    import rclpy
    from ament_index_python.packages import get_packages_with_prefixes
    from geometry_msgs.msg import PoseStamped
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import JointState
except ImportError:
    rclpy = None

pytestmark = pytest.mark.skipif(bool(started.why_no_ros2()), reason=started.why_no_ros2())
MANAGER = 'controller_manager'
ARGUMENTS = ('namespace:=cell', 'prefix:=left_')
START, EXPECTED = 0.9822, 1.0454  # [rad] joint 5, before and after
HEIGHT = 0.05  # [m] of the target above the start


def is_installed() -> bool:
    return MANAGER in get_packages_with_prefixes()


def test_cell_without_ros2_control_ends_and_says_what_to_install():
    if is_installed():
        pytest.skip(f'{MANAGER} is installed')
    with started.launched('cell.launch.py') as one:
        assert one.process.wait(timeout=started.WAIT_S) == 1, one.said
        assert 'sudo apt install ros-$ROS_DISTRO-controller-manager' in one.said
        assert 'process started' not in one.said


def test_arm_of_the_cell_goes_to_a_target_and_ctrl_c_ends_everything():
    if not is_installed():
        pytest.skip(f'{MANAGER} is not installed')
    with started.launched('cell.launch.py', *ARGUMENTS) as one:
        one.wait_for(started.READY)
        assert joint_5_after_target() == pytest.approx(EXPECTED, abs=1e-3)
        assert one.ctrl_c() == 0, one.said
        assert 'Traceback' not in one.said


def joint_5_after_target() -> float:
    """Return where joint 5 comes to rest after a target above the place where the arm starts."""
    rclpy.init()
    node = rclpy.create_node('test_source')
    try:
        states: list[JointState] = []
        node.create_subscription(
            JointState, '/cell/joint_states', states.append, qos_profile_sensor_data
        )
        publisher = node.create_publisher(PoseStamped, '/cell/neural_ik/target_pose', 1)
        deadline = time.monotonic() + started.WAIT_S
        while not is_at_rest_elsewhere(states):
            assert time.monotonic() < deadline, 'the arm does not go to the target'
            publisher.publish(target())
            rclpy.spin_once(node, timeout_sec=0.02)
        return angle_of(states[-1])
    finally:
        node.destroy_node()
        rclpy.shutdown()


def target() -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = 'left_base_link'
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.z = 1.0, 0.9 + HEIGHT
    orientation.y, orientation.w = 1.0, 0.0
    return message


def angle_of(state: JointState) -> float:
    return state.position[state.name.index('left_joint_5')]


def is_at_rest_elsewhere(states: list[JointState]) -> bool:
    last = [angle_of(state) for state in states[-50:]]
    return len(states) > 50 and max(last) - min(last) < 1e-6 and abs(last[0] - START) > 0.01
