# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What requests of GetPositionIK cost the control loop: ``python test/soak/service_load.py``.

A cell of real processes follows a path at 250 Hz while another process asks for joint angles, at
several rates. Prints a table: are all answers right, how long do they take, and how long does a
target take from the source to its trajectory meanwhile. Needs moveit_msgs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent), str(FOLDER.parent / 'ros')]
SECONDS, WARM_S = 5.0, 2.0
RIGHT = 1e-9  # [m] and unitless
OUT_OF_REACH = 5.0  # [m] of a request that nobody can solve
# name: requests a second (0: none, infinite: one after the other), whether they can be solved
LOADS = {
    'none': (0.0, True),
    '10 a second': (10.0, True),
    '100 a second': (100.0, True),
    'without a pause': (float('inf'), True),
    'without a pause, unreachable': (float('inf'), False),
}
SERVERS = ('the node itself', 'a second node')
ROWS = (*((SERVERS[0], load) for load in LOADS), (SERVERS[1], 'without a pause'))


def main() -> int:
    """Return the exit code."""
    if len(sys.argv) > 1:
        return ask(*map(float, sys.argv[1:4]), output=Path(sys.argv[4]))
    if importlib.util.find_spec('moveit_msgs') is None:
        print(
            'moveit_msgs is missing: sudo apt install ros-$ROS_DISTRO-moveit-msgs', file=sys.stderr
        )
        return 1
    from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain

    print(
        '| served by | requests | answered, right | answer p50, p99, max [ms] | '
        'target to trajectory p50, p99, max [ms] | targets answered |'
    )
    print('|---|---|---|---|---|---|')
    for server, load in ROWS:
        with tempfile.TemporaryDirectory() as name, reserved_domain() as domain_id:
            os.environ.update(isolated_environment(Path(name), domain_id))
            os.environ['PYTHONPATH'] = str(FOLDER.parents[1])
            print(f'| {server} | {load} | {measure(Path(name), server, load)} |', flush=True)
    return 0


def measure(folder: Path, server: str, load: str) -> str:
    """Return one row of the table."""
    from cell import cell
    from peers import NodeProcess

    from neural_ik_ros.ros.nodes.recorder import running_recorder

    rate_hz, is_reachable = LOADS[load]
    is_apart = server == SERVERS[1]
    node_args = ('-p', 'ik_service:=""') if is_apart else ()
    with contextlib.ExitStack() as stack:
        recorder = stack.enter_context(running_recorder())
        stack.enter_context(cell(folder, *node_args, rate_hz=250.0))
        if is_apart:
            apart = ('-r', '__node:=ik_server')
            other = stack.enter_context(
                NodeProcess('neural_ik_node', *apart, log=folder / 'ik_server.log')
            )
            configure(other)
        wait(recorder, lambda: len(recorder.recorded['solutions'].data) > 10, 60.0)
        poll(recorder, WARM_S)
        for track in recorder.recorded.values():
            track.clear()
        client = None
        if rate_hz > 0.0:
            options = (rate_hz, float(is_reachable), SECONDS, folder / 'answers.json')
            client = subprocess.Popen([sys.executable, __file__, *map(str, options)])
            stack.callback(client.kill)
            wait(recorder, lambda: client.poll() is not None, SECONDS + 60.0)
        else:
            poll(recorder, SECONDS)
        answers = json.loads((folder / 'answers.json').read_text()) if client else None
        return row(recorder, answers)


def configure(process: Any) -> None:
    """Take the second node to where it serves requests, and no farther."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState
    from peers import Peer

    request = ChangeState.Request()
    request.transition.id = Transition.TRANSITION_CONFIGURE
    with Peer('operator') as peer:
        assert peer.call(ChangeState, '/ik_server/change_state', request).success, process.output


def row(recorder: Any, answers: dict[str, Any] | None) -> str:
    """Return what a recording and the answers of the client show."""
    from neural_ik_ros.ros.processes.demo_recording import recording_from_topics
    from neural_ik_ros.simulation.demo_report import latency_ns, match_targets

    recording = recording_from_topics(recorder.recorded)
    found = match_targets(recording)
    tracked = figures(latency_ns(recording, found) * 1e-6)
    share = f'{len(found.targets)} of {len(recording.targets)}'
    if answers is None:
        return f'- | - | {tracked} | {share}'
    asked = f'{answers["n"]}, {answers["n_right"]}'
    return f'{asked} | {figures(np.array(answers["ms"]))} | {tracked} | {share}'


def figures(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Return median, 99th percentile and largest."""
    from neural_ik_ros.interface.statistics import Percentiles

    found = Percentiles.of(values)
    return ', '.join(f'{value:.2f}' for value in (found.p50, found.p99, found.max))


def wait(recorder: Any, is_done: Any, timeout_s: float) -> None:
    """Record until something is done."""
    deadline = time.monotonic() + timeout_s
    while not is_done():
        poll(recorder, 0.02)
        assert time.monotonic() < deadline, 'it never came'


def poll(recorder: Any, seconds: float) -> None:
    """Record for a time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
        recorder.poll()


def ask(rate_hz: float, is_reachable: float, seconds: float, *, output: Path) -> int:
    """Ask for a time and write down how that went; the client of the service."""
    from driver import HOME, shipped_arm
    from moveit_msgs.srv import GetPositionIK
    from peers import Peer

    from neural_ik_ros.interface.messages import pose_from_transform
    from neural_ik_ros.kinematics import forward, random_joints
    from neural_ik_ros.simulation.reference_kinematics import irb2400_forward

    arm, rng = shipped_arm(), np.random.default_rng(3)
    targets = forward(arm, random_joints(arm, rng, 10_000))
    if not is_reachable:
        targets[:, 0, 3] = 1.62  # some of the way, at an orientation that the wrist cannot take
    request = GetPositionIK.Request()
    asked = request.ik_request
    asked.group_name, asked.ik_link_name, asked.avoid_collisions = 'manipulator', 'tool0', True
    asked.robot_state.joint_state.name = list(arm.joint_names)
    asked.robot_state.joint_state.position = HOME.tolist()
    asked.pose_stamped.header.frame_id = 'base_link'
    times_ms, n_right = [], 0
    with Peer('client') as peer:
        client = peer.node.create_client(GetPositionIK, '/solve_ik')
        assert peer.spin_until(client.service_is_ready)
        peer.spin_for(0.5)
        start = time.monotonic()
        while (elapsed_s := time.monotonic() - start) < seconds:
            ahead_s = len(times_ms) / rate_hz - elapsed_s
            if ahead_s > 0.0:
                time.sleep(ahead_s)
            target = targets[len(times_ms) % len(targets)]
            asked.pose_stamped.pose = pose_from_transform(target)
            before = time.perf_counter()
            future = client.call_async(request)
            assert peer.spin_until(future.done)
            times_ms.append(1e3 * (time.perf_counter() - before))
            response = future.result()
            if response.error_code.val == 1:
                q = np.array([response.solution.joint_state.position])
                n_right += bool(np.abs(irb2400_forward(q)[0] - target).max() < RIGHT)
            else:
                n_right += response.error_code.val == -31 and not is_reachable
    output.write_text(json.dumps({'n': len(times_ms), 'n_right': n_right, 'ms': times_ms}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
