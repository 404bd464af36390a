# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node ``path_markers``: what its spectators see."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from driver import FAR, HOME, NEAR, shipped_arm
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from numpy.testing import assert_allclose
from peers import WAIT_S, Peer, assert_clean_exit
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String
from visualization_msgs.msg import MarkerArray

from neural_ik_ros.interface.description_check import add_prefix
from neural_ik_ros.interface.messages import pose_from_transform
from neural_ik_ros.kinematics import Joints, arm_from_urdf, forward
from neural_ik_ros.ros.node.diagnostics import status_message
from neural_ik_ros.ros.nodes.markers import OK_COLOUR, PROBLEM_COLOUR, Trail
from neural_ik_ros.ros.nodes.path_markers import PATHS, PathMarkers
from neural_ik_ros.ros.runtime import qos
from neural_ik_ros.share import share_folder
from neural_ik_ros.solver import IkStatus

EXACT = 1e-9  # [m] a path has the places it was given
URDF = (share_folder() / 'urdf' / 'irb2400.urdf').read_text(encoding='utf-8')
ASKED, SOLVED, MEASURED = HOME, NEAR, FAR


class Stage:
    """Plays ``neural_ik`` and the arm; what the view shows is kept in lists."""

    def __init__(self, peer: Peer, *, namespace: str = '', prefix: str = '') -> None:
        self.peer, self.prefix = peer, prefix
        view, node = f'{namespace}/path_markers', f'{namespace}/neural_ik'
        self.paths = {
            name: peer.listen(Path, f'{view}/{name}_path', qos.MARKERS_OUT) for name in PATHS
        }
        self.markers = peer.listen(MarkerArray, f'{view}/markers', qos.MARKERS_OUT)
        self._targets = peer.talk(PoseStamped, f'{node}/target_pose', qos.POSE_OUT)
        self._solutions = peer.talk(JointState, f'{node}/solution', qos.SOLUTION_OUT)
        self._statuses = peer.talk(DiagnosticStatus, f'{node}/status', qos.STATUS_OUT)
        self._joints = peer.talk(JointState, f'{namespace}/joint_states', qos.JOINT_STATES_OUT)

    def play(
        self,
        *,
        asked: Joints = ASKED,
        frame: str = 'base_link',
        status: IkStatus = IkStatus.SOLVED,
    ) -> None:
        """Say everything once."""
        message = PoseStamped(pose=pose_from_transform(forward(shipped_arm(), asked)))
        message.header.frame_id = self.prefix + frame
        self._targets.publish(message)
        self._solutions.publish(self._joint_state(SOLVED))
        self._joints.publish(self._joint_state(MEASURED))
        self._statuses.publish(status_message('/neural_ik', status, status.value, {}))
        self.peer.spin_for(0.02)

    def play_until(self, is_done: Callable[[], object]) -> None:
        def is_done_or_played() -> object:
            return is_done() or self.play()

        assert self.peer.spin_until(is_done_or_played)

    def places(self, name: str) -> list[list[float]]:
        """Return the places (x, y, z) in the newest path of a name."""
        places = [pose.pose.position for pose in self.paths[name][-1].poses]
        return [[place.x, place.y, place.z] for place in places]

    def has_paths(self) -> bool:
        return all(messages and messages[-1].poses for messages in self.paths.values())

    def _joint_state(self, q: Joints) -> JointState:
        names = [self.prefix + name for name in shipped_arm().joint_names]
        return JointState(name=['gripper', *names], position=[0.0, *q.tolist()])


def place_of(q: Joints) -> list[float]:
    place: list[float] = forward(shipped_arm(), np.asarray(q))[:3, 3].tolist()
    return place


@pytest.fixture
def stage(start_node, peer) -> Stage:
    start_node('path_markers', '-p', 'rate_hz:=50.0')
    return Stage(peer)


def test_paths_show_what_was_asked_for_solved_and_done(stage):
    stage.play_until(stage.has_paths)
    for name, q in (('target', ASKED), ('solution', SOLVED), ('tool', MEASURED)):
        assert_allclose(stage.places(name), [place_of(q)], atol=EXACT)
        assert stage.paths[name][-1].header.frame_id == 'base_link'
        assert stage.paths[name][-1].header.stamp.sec > 0


def test_markers_follow_target_tool_and_status(stage):
    stage.play_until(lambda: stage.markers and len(stage.markers[-1].markers) == 3)
    stage.play_until(lambda: stage.markers[-1].markers[1].text == 'SOLVED')
    ball, _, way = stage.markers[-1].markers
    assert ball.color == OK_COLOUR
    ends = [[point.x, point.y, point.z] for point in way.points]
    assert_allclose(ends, [place_of(MEASURED), place_of(ASKED)], atol=EXACT)

    def is_told() -> bool:
        stage.play(status=IkStatus.UNREACHABLE)
        return stage.markers[-1].markers[1].text == 'UNREACHABLE'

    assert stage.peer.spin_until(is_told)
    assert stage.markers[-1].markers[0].color == PROBLEM_COLOUR


def test_markers_end_with_the_targets_and_paths_stay(stage):
    stage.play_until(lambda: stage.markers and stage.has_paths())
    stage.peer.spin_for(1.5)
    stage.markers.clear()
    stage.paths['target'].clear()
    stage.peer.spin_for(0.3)
    assert stage.markers == []
    assert stage.paths['target']


def test_targets_in_another_frame_are_not_drawn(stage):
    stage.play_until(stage.has_paths)
    stage.paths['target'].clear()

    def is_seen() -> bool:
        stage.play(asked=FAR, frame='moon')
        return len(stage.paths['target']) > 5

    assert stage.peer.spin_until(is_seen)
    assert len(stage.places('target')) == 1, 'the one of before'


def test_path_markers_takes_the_arm_of_robot_description(stage, peer):
    peer.talk(String, 'robot_description', qos.ROBOT_DESCRIPTION).publish(
        String(data=URDF.replace('0.705', '0.715'))
    )
    raised = [*place_of(MEASURED)]
    stage.play_until(lambda: stage.has_paths() and stage.places('tool')[-1] != raised)
    assert np.linalg.norm(np.subtract(stage.places('tool')[-1], raised)) < 0.02


def test_path_markers_goes_on_with_the_arm_it_has_when_a_description_is_none(start_node, peer):
    process = start_node('path_markers', '-p', 'rate_hz:=50.0')
    stage = Stage(peer)
    peer.talk(String, 'robot_description', qos.ROBOT_DESCRIPTION).publish(String(data='<robot/>'))
    process.wait_for_output('robot_description is not used')
    stage.play_until(stage.has_paths)
    assert_allclose(stage.places('tool'), [place_of(MEASURED)], atol=EXACT)


def test_path_markers_works_in_a_namespace_with_a_prefix(start_node, peer):
    start_node('path_markers', '-p', 'prefix:=left_', '-r', '__ns:=/left')
    stage = Stage(peer, namespace='/left', prefix='left_')
    topic = '/left/robot_description'
    peer.talk(String, topic, qos.ROBOT_DESCRIPTION).publish(String(data=add_prefix(URDF, 'left_')))
    stage.play_until(stage.has_paths)
    assert_allclose(stage.places('tool'), [place_of(MEASURED)], atol=EXACT)
    assert stage.paths['tool'][-1].header.frame_id == 'left_base_link'


CELL = URDF.replace(
    '</robot>',
    """<link name="world"/><link name="tcp"/>
    <joint name="a" type="fixed"><parent link="world"/><child link="base_link"/>
      <origin xyz="0 0 0.8"/></joint>
    <joint name="b" type="fixed"><parent link="tool0"/><child link="tcp"/>
      <origin xyz="0 0 0.2"/></joint></robot>""",
)


def test_path_markers_draws_the_tool_in_the_frame_of_the_cell(start_node, peer):
    parameters = ('base_frame:=world', 'tool_frame:=tcp', 'rate_hz:=50.0')
    start_node('path_markers', *(part for one in parameters for part in ('-p', one)))
    stage = Stage(peer)
    peer.talk(String, 'robot_description', qos.ROBOT_DESCRIPTION).publish(String(data=CELL))
    stage.play_until(stage.has_paths)
    whole = arm_from_urdf(CELL, base_frame='world', tool_frame='tcp')
    assert_allclose(stage.places('tool'), [forward(whole, MEASURED)[:3, 3]], atol=EXACT)
    raised = np.add(place_of(ASKED), [0.0, 0.0, 0.8])
    assert_allclose(stage.places('target'), [raised], atol=EXACT, err_msg='given in base_link')
    assert stage.paths['tool'][-1].header.frame_id == 'world'


@pytest.fixture
def view_here():
    """Return what lets a view in this process go on for a time, or until something is true."""
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node, executor = PathMarkers(), SingleThreadedExecutor()
    executor.add_node(node)

    def spin(is_done: Callable[[], object], at_most_s: float) -> None:
        deadline = time.monotonic() + at_most_s
        while not is_done() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)

    yield spin
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()


def test_path_markers_makes_no_message_while_no_one_looks(view_here, peer, monkeypatch):
    made: list[Header] = []
    monkeypatch.setattr(Trail, 'path', lambda _, header: made.append(header) or Path())
    view_here(lambda: made, 0.5)
    assert made == []
    peer.listen(Path, '/path_markers/tool_path', qos.MARKERS_OUT)
    view_here(lambda: made, WAIT_S)
    assert made


def test_path_markers_ends_cleanly(start_node, peer):
    process = start_node('path_markers')
    stage = Stage(peer)
    stage.play_until(stage.has_paths)
    assert_clean_exit(process, process.stop(signal.SIGINT))
