# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The browser view of a running node: what it shows, and when it commands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from driver import AUTOSTART, shipped_arm
from geometry_msgs.msg import PoseStamped
from numpy.testing import assert_allclose
from peers import WAIT_S, Peer

from neural_ik_ros.errors import ProcessError
from neural_ik_ros.kinematics import forward
from neural_ik_ros.ros.nodes import watcher as watcher_module
from neural_ik_ros.ros.nodes.watcher import NodeWatcher, watching
from neural_ik_ros.ros.runtime import qos

SHIFT = np.array([0.05, 0.0, -0.05])  # [m]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer('spectator') as one:
        yield one


@pytest.fixture
def watched(start_node) -> Iterator[tuple[NodeWatcher, Callable[[Callable[[], object]], None]]]:
    """Provide a watcher of a running node and arm, and a function that spins it until."""
    start_node('simulated_arm')
    start_node('neural_ik_node', *AUTOSTART)
    with watching('neural_ik') as (watcher, executor):

        def spin_until(is_done: Callable[[], object]) -> None:
            deadline = time.monotonic() + WAIT_S
            while not is_done():
                assert time.monotonic() < deadline, watcher.status.message
                executor.spin_once(timeout_sec=0.02)

        spin_until(lambda: watcher.q_measured is not None)
        spin_until(lambda: watcher.status.level == DiagnosticStatus.OK)
        yield watcher, spin_until


def test_watcher_shows_the_node_and_sends_targets(watched):
    watcher, spin_until = watched
    arm = watcher.arm
    assert arm.joint_names == shipped_arm().joint_names
    target = forward(arm, watcher.q_measured)
    target[:3, 3] += SHIFT

    def is_there() -> bool:
        watcher.send_target(target)
        return np.allclose(forward(arm, watcher.q_measured), target, atol=1e-3)

    spin_until(is_there)
    assert_allclose(forward(arm, watcher.q_solution), target, atol=1e-8)
    assert_allclose(watcher.transform_base_target, target, atol=1e-8)


def test_handle_is_sent_only_while_the_box_is_held(watched, peer, monkeypatch):
    pytest.importorskip('viser', reason='viser is not installed: make view')
    from neural_ik_ros.ros.nodes.browser_view import NodeView
    from neural_ik_ros.view.browser import hidden_server
    from neural_ik_ros.view.dead_man import DeadManBox

    watcher, spin_until = watched
    is_held = False
    monkeypatch.setattr(DeadManBox, 'is_held', lambda _self: is_held)
    targets = peer.listen(PoseStamped, 'neural_ik/target_pose', qos.POSE_OUT)
    with hidden_server() as server:
        view = NodeView(server, watcher)
        handle = server.scene.get_handle_by_name('/target')

        def frames(n: int) -> None:
            for _ in range(n):
                spin_until(lambda: True)
                view.frame()
                peer.spin_for(0.02)

        frames(20)
        handle.position = handle.position + SHIFT  # pulled without the box: it goes back
        frames(20)
        assert not targets
        tool = forward(watcher.arm, watcher.q_measured)
        assert_allclose(handle.position, tool[:3, 3], atol=1e-6)
        is_held = True
        frames(1)
        pulled = handle.position + SHIFT
        handle.position = pulled
        frames(20)
        assert targets
        place = targets[-1].pose.position
        assert_allclose([place.x, place.y, place.z], pulled, atol=1e-6)
        is_held = False
        frames(5)
        n_sent = len(targets)
        frames(20)
        assert len(targets) == n_sent


def test_missing_node_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(watcher_module, 'ANSWER_TIMEOUT_S', 0.5)
    with pytest.raises(ProcessError, match=r'nobody.*--node'), watching('nobody'):
        pass
