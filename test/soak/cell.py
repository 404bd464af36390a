# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A robot cell of real processes over DDS: long runs, floods of fuzz messages, and kills."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from driver import HOME, NOT_FOLLOWING, Driver, shipped_limits
from fuzz import fuzz_joints, fuzz_pose
from peers import NodeProcess, Peer
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.messages import ns_from_time
from neural_ik_ros.kinematics import FloatArray
from neural_ik_ros.ros.runtime import qos

AUTOSTART = ('-p', 'autostart:=true')
TO_NODE = ('-r', 'target_pose:=/neural_ik/target_pose', '-p', 'settle_s:=0.0')
MOVING = 0.05  # [rad/s] of some joint
LARGEST_GROWTH = 0.05  # of resident memory after the first third
LARGEST_TREND = 0.5  # of the median latency, from the second third to the last
FEWEST_SAMPLES = 6
EXTRA_SPEED = 1.3  # of the limit, between two joint states on a busy machine
SAMPLE_S = 1.0
START_S = 300.0  # a busy machine takes long to start processes
STOP_S, ENOUGH_STATES = 2.0, 20  # after a kill
FEWEST_REASONS = 5  # of refusals that a flood causes
WARM_S = 3.0


@dataclass
class Run:
    """What a long run showed."""

    problems: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)  # callback p50 of each report
    tail_ms: list[float] = field(default_factory=list)  # callback p99

    def summary(self) -> str:
        """Return the figures of a run in one line."""
        if not self.latency_ms:
            return 'no reports'
        return (
            f'memory {self.memory_mb[0]:.1f} to {self.memory_mb[-1]:.1f} MB, callback p50 '
            f'{np.median(self.latency_ms):.3f} ms, p99 {np.median(self.tail_ms):.3f} ms, '
            f'{len(self.latency_ms)} reports'
        )

    def trend(self, n: int = 10) -> list[str]:
        """Return the rows of a table in markdown: n equal parts of the run, one after another."""
        rows = ['| part | memory [MB] | callback p50 [ms] | p99 [ms] |', '|---|---|---|---|']
        parts = [np.array_split(one, n) for one in (self.memory_mb, self.latency_ms, self.tail_ms)]
        for k, (memory, latency, tail) in enumerate(zip(*parts, strict=True), start=1):
            if min(map(len, (memory, latency, tail))) > 0:
                figures = f'{memory.max():.1f} | {np.median(latency):.3f} | {np.median(tail):.3f}'
                rows.append(f'| {k}/{n} | {figures} |')
        return rows


@contextmanager
def cell(
    folder: Path, *node_args: str, rate_hz: float, speed_m_s: float = 0.25
) -> Iterator[dict[str, NodeProcess]]:
    """Start node, arm and source; end whatever of them is running at the end."""
    with Starter(folder, node_args, rate_hz, speed_m_s) as starter:
        for name in ('neural_ik_node', 'simulated_arm', 'target_source'):
            starter.start(name)
        yield starter.running


class Starter:
    """Starts the processes of a cell, again and again."""

    def __init__(
        self, folder: Path, node_args: tuple[str, ...], rate_hz: float, speed_m_s: float
    ) -> None:
        source = ('-p', f'rate_hz:={rate_hz}', '-p', f'speed_m_s:={speed_m_s}')
        self._folder, self._n_started = folder, 0
        self._arguments = {
            'neural_ik_node': (*AUTOSTART, *node_args),
            'simulated_arm': (),
            'target_source': (*TO_NODE, *source),
        }
        self.running: dict[str, NodeProcess] = {}

    def __enter__(self) -> Starter:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in self.running.values():
            process.end()

    def start(self, name: str) -> None:
        """Start one process."""
        self._n_started += 1
        log = self._folder / f'{self._n_started}_{name}.log'
        self.running[name] = NodeProcess(name, *self._arguments[name], log=log)

    def kill(self, name: str) -> None:
        """End one process as nothing can prepare for."""
        self.running[name].send(signal.SIGKILL)
        self.running.pop(name).wait()


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    text = Path(f'/proc/{pid}/status').read_text()
    return int(re.findall(r'VmRSS:\s*(\d+)', text)[0]) / 1024.0


def soak(folder: Path, peer: Peer, seconds: float, rate_hz: float = 1000.0) -> Run:
    """Return memory and latency of a node that answers targets for a time."""
    run = Run()
    driver = Driver(peer)
    with cell(folder, *NOT_FOLLOWING, rate_hz=rate_hz) as processes:
        node = processes['neural_ik_node']
        if not peer.spin_until(lambda: driver.solutions, START_S):
            run.problems.append(f'no answer at all: {node.output[-300:]}')
            return run
        peer.spin_for(WARM_S)
        end = time.monotonic() + seconds
        while time.monotonic() < end and node.is_running:
            driver.clear()
            peer.spin_for(SAMPLE_S)
            run.memory_mb.append(resident_mb(node.pid))
            _take_reports(driver, run)
        if not node.is_running:
            run.problems.append(f'the node ended: {node.output[-300:]}')
    return run


def _take_reports(driver: Driver, run: Run) -> None:
    for message in driver.diagnostics:
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if status.name.endswith('/neural_ik') and 'callback p50 [ms]' in values:
                run.latency_ms.append(float(values['callback p50 [ms]']))
                run.tail_ms.append(float(values['callback p99 [ms]']))
            for name in ('rejected', 'position_violations', 'not_finite'):
                if int(values.get(name, 0)) > 0:
                    run.problems.append(f'the arm counted {name}: {values["last_problem"]}')


def growth(run: Run) -> list[str]:
    """Return a problem if memory grew from the first third of a run to its last."""
    n = len(run.memory_mb)
    if n < FEWEST_SAMPLES:
        return [f'only {n} samples']
    early, late = max(run.memory_mb[: n // 3]), max(run.memory_mb[2 * n // 3 :])
    grown = late > early * (1.0 + LARGEST_GROWTH)
    return [f'memory grew from {early:.1f} to {late:.1f} MB'] if grown else []


def slowing(run: Run) -> list[str]:
    """Return a problem if the latency grew from the second third of a run to its last."""
    n = len(run.latency_ms)
    if n < FEWEST_SAMPLES:
        return [f'only {n} reports']
    k = n // 3
    before, after = np.median(run.latency_ms[k : 2 * k]), np.median(run.latency_ms[2 * k :])
    grown = after > before * (1.0 + LARGEST_TREND)
    return [f'latency grew from {before:.3f} to {after:.3f} ms'] if grown else []


def kills(folder: Path, peer: Peer, rounds: int) -> list[str]:
    """Return what went wrong while each process was killed in motion and started again."""
    problems: list[str] = []
    states = peer.listen(JointState, 'joint_states', qos.with_depth(qos.JOINT_STATES_IN))
    reports = peer.listen(DiagnosticArray, '/diagnostics', qos.with_depth(qos.DIAGNOSTICS_OUT))
    limits = shipped_limits()
    tolerant = ('-p', 'target_timeout_s:=2.0', '-p', 'max_command_delay_s:=5.0')
    with Starter(folder, tolerant, 250.0, 0.5) as starter:
        for name in ('neural_ik_node', 'simulated_arm', 'target_source'):
            starter.start(name)
        last = 'nothing'
        for victim in (*('target_source', 'neural_ik_node', 'simulated_arm') * rounds, 'nothing'):
            if not peer.spin_until(lambda: _is_moving(states), START_S):
                return [*problems, f'no motion after {last} was killed: {_newest(reports)}']
            problems += _jumps(f'{last} started', states, limits.velocity)
            if victim == 'nothing':
                break
            is_arm, last = victim == 'simulated_arm', victim
            states.clear()
            reports.clear()
            starter.kill(victim)
            peer.spin_for(STOP_S)
            peer.spin_until(lambda: len(states) > ENOUGH_STATES, 0.0 if is_arm else STOP_S)
            if not is_arm:
                problems += _stop_problems(victim, states, limits.velocity)
            starter.start(victim)
            states.clear()
    return problems


def _newest(reports: list[DiagnosticArray]) -> dict[str, str]:
    """Return the newest report of each node."""
    newest = {one.name: one for report in reports for one in report.status}
    return {
        name: f'{one.message}; ' + ', '.join(f'{pair.key} {pair.value}' for pair in one.values)
        for name, one in newest.items()
    }


def _is_moving(states: list[JointState]) -> bool:
    return bool(states) and float(np.abs(states[-1].velocity).max()) > MOVING


def _stop_problems(victim: str, states: list[JointState], velocity: FloatArray) -> list[str]:
    """Return what is wrong with the motion of the arm after a process was killed."""
    if len(states) <= ENOUGH_STATES:
        return [f'{victim} killed: only {len(states)} joint states']
    problems = _jumps(f'{victim} killed', states, velocity)
    if _speeds(states)[-5:].max() > 1e-9:
        problems.append(f'{victim} killed: the arm has not come to rest')
    return problems


def _jumps(when: str, states: list[JointState], velocity: FloatArray) -> list[str]:
    """Return a problem if the arm moved faster than its limits, as after a jump of commands."""
    speeds = _speeds(states)
    if not (speeds > EXTRA_SPEED * velocity).any():
        return []
    return [f'{when}: the arm moved at {speeds.max(axis=0)} rad/s']


def _speeds(states: list[JointState]) -> FloatArray:
    """Return the speeds (n, 6) [rad/s] between joint states."""
    q = np.array([state.position for state in states]).reshape(-1, 6)
    time_s = 1e-9 * np.array([ns_from_time(state.header.stamp) for state in states])
    keep = np.flatnonzero(np.diff(time_s, prepend=-np.inf) > 1e-4)
    return np.abs(np.diff(q[keep], axis=0)) / np.diff(time_s[keep])[:, None]


def flood(folder: Path, peer: Peer, n: int, seed: int = 5) -> list[str]:
    """Return what went wrong while n fuzz messages were sent to a node over DDS."""
    rng = np.random.default_rng(seed)
    problems = []
    tolerant = ('-p', 'recovery_s:=0.01', '-p', 'joint_state_timeout_s:=30.0', *NOT_FOLLOWING)
    with Starter(folder, tolerant, 250.0, 0.25) as starter:
        starter.start('neural_ik_node')
        node = starter.running['neural_ik_node']
        node.wait_for_output('ready for', START_S)
        driver = Driver(peer).connect()
        for k in range(n // 2):
            driver.send(fuzz_pose(rng, driver.arm, HOME, driver.now_ns()).content)
            driver._joint_states.publish(fuzz_joints(rng, driver.names, HOME))
            if k % 100 == 99:
                peer.spin_for(0.01)
        if driver.trajectories:
            driver.assert_trajectories_are_sound()
        driver.clear()
        driver.solve_once()
        if not node.is_running or 'Traceback' in node.output:
            problems.append(f'the node did not survive: {node.output[-500:]}')
        counts = _counts(driver)
        print(f'  answered over DDS: {counts}')
        if len(counts) < FEWEST_REASONS:
            problems.append(f'only {len(counts)} statuses were counted: {counts}')
    return problems


def _counts(driver: Driver) -> dict[str, int]:
    """Return the targets answered with each status, from a report made after this call."""
    now_ns = driver.now_ns()

    def newest_ns() -> int:
        return ns_from_time(driver.diagnostics[-1].header.stamp) if driver.diagnostics else 0

    assert driver.peer.spin_until(lambda: newest_ns() > now_ns, START_S), 'no report'
    return {
        key.removeprefix('count '): int(value)
        for key, value in driver.values().items()
        if key.startswith('count ')
    }
