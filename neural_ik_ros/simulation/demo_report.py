# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluates a recording of the demo by independent forward kinematics; without ROS."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EvaluationError
from ..interface.statistics import Percentiles
from ..kinematics import FloatArray, Joints, Transform, pose_error
from ..motion import MotionLimits
from ..units import S_PER_NS
from .reference_kinematics import irb2400_forward

IntArray = NDArray[np.int64]
MAX_ERROR_M, MAX_ERROR_RAD = 1e-6, 1e-6  # of every solution
LIMIT_SLACK = 1e-6  # relative; a limit reached to rounding is not violated
SETTLE_S = 1.0  # at the start the arm may still be on its way to the path
MIN_TARGETS = 100
MAX_LATE_SHARE, MIN_ANSWERED_SHARE = 0.2, 0.5  # of the answered targets, of those sent
# On a busy machine good messages arrive too close together, which leaves the arm less time.
JITTER_VIOLATIONS = ('speed_violations',)
# Caused by the machine, not by the solver.
LATE_STATUSES = ('STALE_TARGET', 'STALE_JOINT_STATE', 'COMMAND_OVERDUE')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """Everything the demo recorded, as arrays; times are [ns] since the epoch."""

    target_stamp_ns: IntArray  # (n,)
    target_sent_ns: IntArray  # (n,)
    targets: Transform  # (n, 4, 4) [m]
    solution_stamp_ns: IntArray  # (m,) stamp of the target that is answered
    solution_sent_ns: IntArray  # (m,)
    solution_q: Joints  # (m, 6) [rad]
    command_sent_ns: IntArray  # (k,)
    command_received_ns: IntArray  # (k,)
    command_q: Joints  # (k, 6) [rad] where each command passes its target
    joint_stamp_ns: IntArray  # (j,)
    joint_q: Joints  # (j, 6) [rad]
    relayed_stamp_ns: IntArray  # (r,) stamp of the target that was relayed
    relayed_received_ns: IntArray  # (r,)
    counts: dict[str, int]  # targets per status, as counted by the node
    violations: dict[str, int]  # counted by the simulated controller and arm


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolError:
    """Position and rotation errors of the tool."""

    position_m: Percentiles
    rotation_rad: Percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The results of one demo."""

    n_targets: int  # sent
    n_answered: int  # by the node, including refusals; newer targets replace unanswered ones
    n_solved: int
    refused: dict[str, int]  # per status
    solution: ToolError  # exact solution against its target
    command: ToolError  # commanded joints against the target they answer
    arm: ToolError  # simulated joints against the target of the same moment
    arm_path: ToolError  # simulated joints against the path of the last targets
    latency_ms: Percentiles  # pose sent to trajectory received
    relay_ms: Percentiles  # the same through an empty relay
    rate_hz: float  # trajectories a second
    limit_use: dict[str, float]  # largest share of each limit that was used
    violations: dict[str, int]  # counted by the simulated controller and arm

    @property
    def solved_percent(self) -> float:
        """Share of the answered targets that were solved."""
        return 100.0 * self.n_solved / max(self.n_answered, 1)

    @property
    def n_late(self) -> int:
        """Number of targets refused because they, the joint states or the commands were late."""
        return sum(self.refused.get(status, 0) for status in LATE_STATUSES)

    @property
    def problems(self) -> list[str]:
        """What failed; empty for a good demo."""
        found = []
        not_late = {s: n for s, n in self.refused.items() if s not in LATE_STATUSES}
        if not_late:
            found.append(f'targets refused: {not_late}')
        if self.n_late > MAX_LATE_SHARE * self.n_answered:
            found.append(f'{self.n_late} targets came too late: the machine is too busy')
        if self.n_answered < MIN_ANSWERED_SHARE * self.n_targets:
            found.append(f'only {self.n_answered} of {self.n_targets} targets were answered')
        position_m, rotation_rad = self.solution.position_m.max, self.solution.rotation_rad.max
        if position_m > MAX_ERROR_M or rotation_rad > MAX_ERROR_RAD:
            found.append(f'a solution is off by more than {MAX_ERROR_M} m or {MAX_ERROR_RAD} rad')
        found += [
            f'{limit} limit used to {100.0 * share:.3f} %'
            for limit, share in self.limit_use.items()
            if share > 1.0 + LIMIT_SLACK
        ]
        broken = {k: n for k, n in self.violations.items() if n and k not in JITTER_VIOLATIONS}
        if broken:
            found.append(f'the simulated arm refused commands: {broken}')
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        percent = self.solved_percent
        return {**asdict(self), 'solved_percent': percent, 'problems': self.problems}


def make_report(recording: Recording, limits: MotionLimits) -> DemoReport:
    """
    Return the report on a recording.

    :raises EvaluationError: If too little was recorded.
    """
    for what, rows in (
        ('targets', recording.target_stamp_ns),
        ('solutions', recording.solution_stamp_ns),
        ('trajectories', recording.command_sent_ns),
        ('joint states', recording.joint_stamp_ns),
        ('relayed targets', recording.relayed_stamp_ns),
    ):
        if len(rows) < MIN_TARGETS:
            raise _too_few(what, len(rows))
    answers = match_targets(recording)
    if len(answers.targets) < MIN_TARGETS:
        raise _too_few('complete answers', len(answers.targets))
    targets = recording.targets[answers.targets]
    is_settled = recording.target_stamp_ns[answers.targets] > (
        recording.target_stamp_ns[0] + SETTLE_S / S_PER_NS
    )
    relayed, relay_targets = match_stamps(recording.target_stamp_ns, recording.relayed_stamp_ns)
    relay = recording.relayed_received_ns[relayed] - recording.target_sent_ns[relay_targets]
    moment, near = arm_errors(recording)
    span_s = (recording.command_sent_ns[-1] - recording.command_sent_ns[0]) * S_PER_NS
    counts = recording.counts
    return DemoReport(
        n_targets=int((recording.target_sent_ns <= recording.solution_sent_ns[-1]).sum()),
        n_answered=sum(counts.values()),
        n_solved=sum(n for status, n in counts.items() if status.startswith('SOLVED')),
        refused={s: n for s, n in counts.items() if not s.startswith('SOLVED')},
        solution=tool_error(irb2400_forward(recording.solution_q[answers.solutions]), targets),
        command=tool_error(
            irb2400_forward(recording.command_q[answers.commands[is_settled]]), targets[is_settled]
        ),
        arm=moment,
        arm_path=near,
        latency_ms=_percentiles(1e-6 * latency_ns(recording, answers)),
        relay_ms=_percentiles(1e-6 * relay.astype(np.float64)),
        rate_hz=(len(recording.command_sent_ns) - 1) / span_s,
        limit_use=limit_use(recording, limits),
        violations=recording.violations,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnsweredTargets:
    """Rows of targets, and of the solutions and commands that answer them; each (a,)."""

    targets: IntArray
    solutions: IntArray
    commands: IntArray


def match_targets(recording: Recording) -> AnsweredTargets:
    """Return the answers with target, solution and command all recorded."""
    solutions, targets = match_stamps(recording.target_stamp_ns, recording.solution_stamp_ns)
    commands = (
        np.searchsorted(recording.command_sent_ns, recording.solution_sent_ns[solutions]) - 1
    )
    # A command is sent after its target and just before its solution; else it was not recorded.
    has_command = (commands >= 0) & (
        recording.command_sent_ns[commands] > recording.target_sent_ns[targets]
    )
    return AnsweredTargets(
        targets=targets[has_command],
        solutions=solutions[has_command],
        commands=commands[has_command].astype(np.int64),
    )


def latency_ns(recording: Recording, answers: AnsweredTargets) -> FloatArray:
    """Return the times (a,) [ns] from sending a target to receiving its trajectory."""
    latency = (
        recording.command_received_ns[answers.commands] - recording.target_sent_ns[answers.targets]
    )
    return latency.astype(np.float64)


def match_stamps(stamps: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of ``wanted`` that occur in the sorted ``stamps``, and their rows there."""
    row = np.searchsorted(stamps, wanted).clip(max=len(stamps) - 1)
    found = np.flatnonzero(stamps[row] == wanted)
    return found.astype(np.int64), row[found].astype(np.int64)


def tool_error(tools: Transform, targets: Transform) -> ToolError:
    """Return the errors between two stacks of poses (n, 4, 4)."""
    position, rotation = pose_error(tools, targets)
    return ToolError(position_m=_percentiles(position), rotation_rad=_percentiles(rotation))


def _too_few(what: str, n: int) -> EvaluationError:
    return EvaluationError('recording', f'only {n} {what}', 'see the logs in the report folder')


def _percentiles(values: FloatArray) -> Percentiles:
    if len(values) == 0:
        raise _too_few('messages that belong together', 0)
    return Percentiles.of(values)


def arm_errors(recording: Recording, window_s: float = 0.1) -> tuple[ToolError, ToolError]:
    """
    Return the errors of the simulated arm to the current target and to the path of recent ones.

    The path goes straight from target to target, also to the one that comes next, which the arm
    may be close to; the rotation is that of the nearest one.
    """
    start = recording.target_stamp_ns[0] + int(SETTLE_S / S_PER_NS)
    end = recording.solution_stamp_ns[-1]
    during = (recording.joint_stamp_ns > start) & (recording.joint_stamp_ns <= end)
    tools = irb2400_forward(recording.joint_q[during])
    newest = (
        np.searchsorted(recording.target_stamp_ns, recording.joint_stamp_ns[during], 'right') - 1
    )
    moment = tool_error(tools, recording.targets[newest])
    period = float(np.median(np.diff(recording.target_stamp_ns))) * S_PER_NS
    rows = (newest[:, None] - np.arange(int(window_s / period))).clip(min=0)
    distances = np.linalg.norm(recording.targets[rows, :3, 3] - tools[:, None, :3, 3], axis=2)
    nearest = rows[np.arange(len(rows)), distances.argmin(axis=1)]
    _, rotation = pose_error(tools, recording.targets[nearest])
    at, path = tools[:, :3, 3], recording.targets[:, :3, 3]
    before = _distance_to_segment(at, path[(nearest - 1).clip(min=0)], path[nearest])
    after = _distance_to_segment(at, path[nearest], path[np.minimum(nearest + 1, len(path) - 1)])
    position = np.minimum(before, after)
    off_path = ToolError(position_m=_percentiles(position), rotation_rad=_percentiles(rotation))
    return moment, off_path


def _distance_to_segment(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the distances (n,) of points from the segments between two others, each (n, 3)."""
    along = end - start
    length = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
    share = (((points - start) * along).sum(axis=1) / length).clip(0.0, 1.0)
    distances: FloatArray = np.linalg.norm(points - start - share[:, None] * along, axis=1)
    return distances


def limit_use(recording: Recording, limits: MotionLimits) -> dict[str, float]:
    """
    Return the largest share of the position and velocity limits that the commands use.

    Only commands one target period apart count for velocity, which is left out for sparse targets
    with commands in between. Acceleration and jerk cannot be measured here to a useful accuracy:
    commands are sent with the jitter of the machine, and the time between two of them is not in
    the message. Unit tests check them on a deterministic clock.
    """
    middle = 0.5 * (limits.upper + limits.lower)
    position = np.abs(recording.command_q - middle) / (limits.upper - middle)
    answers = match_targets(recording)
    stamp_ns = np.diff(recording.target_stamp_ns[answers.targets])
    period_ns = np.median(stamp_ns)
    is_next = (np.diff(answers.commands) == 1) & (np.abs(stamp_ns - period_ns) < 1e-3 * period_ns)
    qd = np.diff(recording.command_q[answers.commands], axis=0)[is_next] / (period_ns * S_PER_NS)
    use = {'position': float(position.max())}
    if is_next.any():
        use['velocity'] = float((np.abs(qd) / limits.velocity).max())
    return use
