# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""moveit.launch.py, started with launch_testing: its service, or why there is none."""

from __future__ import annotations

import contextlib
import time
import unittest

import pytest
import started

try:
    import launch_testing
    import launch_testing.asserts
    import rclpy
except ImportError:
    launch_testing = None
try:
    from moveit_msgs.srv import GetPositionIK
except ImportError:
    GetPositionIK = None

WHY_NOT = started.why_not()
ISOLATION = contextlib.ExitStack()
JOINTS = [f'left_joint_{i}' for i in range(1, 7)]

if not WHY_NOT:

    @pytest.mark.launch_test
    def generate_test_description():
        ISOLATION.enter_context(started.isolated())
        arguments = {'namespace': 'cell', 'prefix': 'left_', 'ik_group': 'arm'}
        return started.description('moveit.launch.py', **arguments)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class TestService(unittest.TestCase):
    def test_node_says_what_is_missing(self, proc_output):
        if GetPositionIK is not None:
            self.skipTest('moveit_msgs is installed')
        proc_output.assertWaitFor('no service solve_ik: moveit_msgs', timeout=started.WAIT_S)

    def test_pose_is_solved_for_group_and_prefix_of_the_arguments(self):
        if GetPositionIK is None:
            self.skipTest('moveit_msgs is not installed')
        request = GetPositionIK.Request()
        asked = request.ik_request
        asked.group_name, asked.ik_link_name = 'arm', 'left_tool0'
        asked.robot_state.joint_state.name = JOINTS
        asked.robot_state.joint_state.position = [0.0, 0.3, 0.3, 0.0, 1.0, 0.0]
        asked.pose_stamped.header.frame_id = 'left_base_link'
        asked.pose_stamped.pose.position.x, asked.pose_stamped.pose.position.z = 1.0, 0.9
        asked.pose_stamped.pose.orientation.y = 1.0
        asked.pose_stamped.pose.orientation.w = 0.0
        response = ask(request)
        assert response.error_code.val == 1, response.error_code.message
        assert list(response.solution.joint_state.name) == JOINTS


def ask(request):
    """Return the response; a request that is sent before both sides know each other is lost."""
    rclpy.init()
    node = rclpy.create_node('test_client')
    try:
        client = node.create_client(GetPositionIK, '/cell/solve_ik')
        assert client.wait_for_service(timeout_sec=started.WAIT_S), 'no service'
        deadline = time.monotonic() + started.WAIT_S
        while time.monotonic() < deadline:
            future = client.call_async(request)
            until = time.monotonic() + 2.0
            while not future.done() and time.monotonic() < until:
                rclpy.spin_once(node, timeout_sec=0.1)
            if future.done():
                return future.result()
        raise AssertionError('no answer')
    finally:
        node.destroy_node()
        rclpy.shutdown()


if not WHY_NOT:

    @launch_testing.post_shutdown_test()
    class TestEnd(unittest.TestCase):
        def test_the_process_ends_with_exit_code_0(self, proc_info):
            ISOLATION.close()
            launch_testing.asserts.assertExitCodes(proc_info)
