# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a recording of the demo is worth, judged by forward kinematics; no ROS in here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NeuralIkError
from ..kinematics import FloatArray, Joints, Transform, pose_error
from ..motion import MotionLimits
from .reference_kinematics import irb2400_forward

IntArray = NDArray[np.int64]
NS = 1e-9  # [s]
EXACT_M, EXACT_RAD = 1e-6, 1e-6  # what the demo asks of every solution
LIMIT_SLACK = 1e-6  # relative; a limit reached to rounding is not broken
SETTLE_S = 1.0  # at the start the arm may still be on its way to the path
FEWEST_TARGETS = 100
MOST_LATE, FEWEST_ANSWERED = 0.2, 0.5  # shares; rate and latency within them are only reported
# Good messages that arrive too close to each other, on a busy machine, are asked for in less time.
JITTER = ('speed_violations',)
LATENESS = (
    'STALE_TARGET',
    'STALE_JOINT_STATE',
    'COMMAND_OVERDUE',
)  # the machine's, not the solver's


class EmptyRecordingError(NeuralIkError):
    """Too little was recorded to be judged."""

    def __init__(self, what: str, n: int) -> None:
        super().__init__(
            f'only {n} {what} were recorded; see the logs of the processes in the report folder.'
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """Everything the demo recorded, as arrays; times are [ns] since the epoch."""

    target_stamp: IntArray  # (n,)
    target_sent: IntArray  # (n,)
    targets: Transform  # (n, 4, 4) [m]
    solution_stamp: IntArray  # (m,) stamp of the target that is answered
    solution_sent: IntArray  # (m,)
    solution_q: Joints  # (m, 6) [rad]
    command_sent: IntArray  # (k,)
    command_received: IntArray  # (k,)
    command_q: Joints  # (k, 6) [rad]
    command_s: FloatArray  # (k,) [s] time in which q is to be reached
    joint_stamp: IntArray  # (j,)
    joint_q: Joints  # (j, 6) [rad]
    relayed_stamp: IntArray  # (r,) stamp of the target that was relayed
    relayed_received: IntArray  # (r,)
    counts: dict[str, int]  # targets per status, as counted by the node
    violations: dict[str, int]  # what the simulated controller and arm had to refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Median, 99th percentile and largest of a figure."""

    n: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: FloatArray) -> Percentiles:
        """
        Return the percentiles of at least one value.

        :raises EmptyRecordingError: If there is none.
        """
        if len(values) == 0:
            raise EmptyRecordingError('messages that belong together', 0)
        p50, p99, largest = np.percentile(values, [50.0, 99.0, 100.0])
        return cls(n=len(values), p50=float(p50), p99=float(p99), max=float(largest))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolError:
    """Distance and angle between where the tool is and where it should be."""

    position_m: Percentiles
    rotation_rad: Percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The figures of one demo."""

    n_targets: int  # sent
    n_answered: int  # by the node, refused ones included; newer targets replace unanswered ones
    n_solved: int
    refused: dict[str, int]  # per status
    solution: ToolError  # exact solution against its target
    command: ToolError  # commanded joints against the target they answer
    arm: ToolError  # simulated joints against the target of the same moment
    arm_path: ToolError  # simulated joints against the nearest target of the last moments
    latency_ms: Percentiles  # pose sent to trajectory received
    relay_ms: Percentiles  # the same through an empty relay
    rate_hz: float  # trajectories a second
    limit_use: dict[str, float]  # largest share of each limit that was used
    violations: dict[str, int]  # what the simulated controller and arm had to refuse

    @property
    def solved_percent(self) -> float:
        """Share of the answered targets that were solved."""
        return 100.0 * self.n_solved / max(self.n_answered, 1)

    @property
    def n_late(self) -> int:
        """Number of targets that were refused because they or the joint states came late."""
        return sum(self.refused.get(status, 0) for status in LATENESS)

    @property
    def problems(self) -> list[str]:
        """Return what is not as promised; empty for a good demo."""
        found = []
        not_late = {s: n for s, n in self.refused.items() if s not in LATENESS}
        if not_late:
            found.append(f'targets refused: {not_late}')
        if self.n_late > MOST_LATE * self.n_answered:
            found.append(f'{self.n_late} targets came too late: the machine is too busy to judge')
        if self.n_answered < FEWEST_ANSWERED * self.n_targets:
            found.append(f'only {self.n_answered} of {self.n_targets} targets were answered')
        if self.solution.position_m.max > EXACT_M or self.solution.rotation_rad.max > EXACT_RAD:
            found.append(f'a solution is off by more than {EXACT_M} m or {EXACT_RAD} rad')
        found += [
            f'{limit} limit used to {100.0 * share:.3f} %'
            for limit, share in self.limit_use.items()
            if share > 1.0 + LIMIT_SLACK
        ]
        broken = {name: n for name, n in self.violations.items() if n and name not in JITTER}
        if broken:
            found.append(f'the simulated arm refused commands: {broken}')
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            **asdict(self),
            'solved_percent': self.solved_percent,
            'problems': self.problems,
        }


def judge(recording: Recording, limits: MotionLimits) -> DemoReport:
    """
    Return the figures of a recording.

    :raises EmptyRecordingError: If too little was recorded.
    """
    for what, rows in (
        ('targets', recording.target_stamp),
        ('solutions', recording.solution_stamp),
        ('trajectories', recording.command_sent),
        ('joint states', recording.joint_stamp),
        ('relayed targets', recording.relayed_stamp),
    ):
        if len(rows) < FEWEST_TARGETS:
            raise EmptyRecordingError(what, len(rows))
    answers = answers_of(recording)
    if len(answers.targets) < FEWEST_TARGETS:
        raise EmptyRecordingError('complete answers', len(answers.targets))
    targets = recording.targets[answers.targets]
    is_settled = recording.target_stamp[answers.targets] > (
        recording.target_stamp[0] + SETTLE_S / NS
    )
    relayed, relay_targets = matches(recording.target_stamp, recording.relayed_stamp)
    relay = recording.relayed_received[relayed] - recording.target_sent[relay_targets]
    moment, near = arm_errors(recording)
    span_s = (recording.command_sent[-1] - recording.command_sent[0]) * NS
    counts = recording.counts
    return DemoReport(
        n_targets=int((recording.target_sent <= recording.solution_sent[-1]).sum()),
        n_answered=sum(counts.values()),
        n_solved=sum(n for status, n in counts.items() if status.startswith('SOLVED')),
        refused={s: n for s, n in counts.items() if not s.startswith('SOLVED')},
        solution=tool_error(irb2400_forward(recording.solution_q[answers.solutions]), targets),
        command=tool_error(
            irb2400_forward(recording.command_q[answers.commands[is_settled]]), targets[is_settled]
        ),
        arm=moment,
        arm_path=near,
        latency_ms=Percentiles.of(1e-6 * latency_ns(recording, answers)),
        relay_ms=Percentiles.of(1e-6 * relay.astype(np.float64)),
        rate_hz=(len(recording.command_sent) - 1) / span_s,
        limit_use=limit_use(recording, limits),
        violations=recording.violations,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Which solution and which command answer which target; rows of the recording, each (a,)."""

    targets: IntArray
    solutions: IntArray
    commands: IntArray


def answers_of(recording: Recording) -> Answers:
    """Return the answers of which all three parts were recorded."""
    solutions, targets = matches(recording.target_stamp, recording.solution_stamp)
    commands = np.searchsorted(recording.command_sent, recording.solution_sent[solutions]) - 1
    # The command is sent after its target and just before its solution; else it was not recorded.
    has_command = (commands >= 0) & (
        recording.command_sent[commands] > recording.target_sent[targets]
    )
    return Answers(
        targets=targets[has_command],
        solutions=solutions[has_command],
        commands=commands[has_command].astype(np.int64),
    )


def latency_ns(recording: Recording, answers: Answers) -> FloatArray:
    """Return the time (a,) from the target being sent to its trajectory being received."""
    latency = recording.command_received[answers.commands] - recording.target_sent[answers.targets]
    return latency.astype(np.float64)


def matches(stamps: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of ``wanted`` that occur in the sorted ``stamps``, and the rows there."""
    row = np.searchsorted(stamps, wanted).clip(max=len(stamps) - 1)
    found = np.flatnonzero(stamps[row] == wanted)
    return found.astype(np.int64), row[found].astype(np.int64)


def tool_error(tools: Transform, targets: Transform) -> ToolError:
    """Return the errors between two stacks of poses (n, 4, 4)."""
    position, rotation = pose_error(tools, targets)
    return ToolError(position_m=Percentiles.of(position), rotation_rad=Percentiles.of(rotation))


def arm_errors(recording: Recording, window_s: float = 0.1) -> tuple[ToolError, ToolError]:
    """Return the errors of the simulated arm to the present and to the nearest recent target."""
    start = recording.target_stamp[0] + int(SETTLE_S / NS)
    end = recording.solution_stamp[-1]
    during = (recording.joint_stamp > start) & (recording.joint_stamp <= end)
    tools = irb2400_forward(recording.joint_q[during])
    newest = np.searchsorted(recording.target_stamp, recording.joint_stamp[during], 'right') - 1
    moment = tool_error(tools, recording.targets[newest])
    period = float(np.median(np.diff(recording.target_stamp))) * NS
    rows = (newest[:, None] - np.arange(int(window_s / period))).clip(min=0)
    distances = np.linalg.norm(recording.targets[rows, :3, 3] - tools[:, None, :3, 3], axis=2)
    nearest = rows[np.arange(len(rows)), distances.argmin(axis=1)]
    return moment, tool_error(tools, recording.targets[nearest])


def limit_use(recording: Recording, limits: MotionLimits) -> dict[str, float]:
    """
    Return the largest share of the position and velocity limits in the commanded joints.

    Only commands one target period apart count for velocity, so it is left out for sparse targets
    with commands in between. Acceleration and jerk cannot be seen from outside to a useful
    accuracy: commands leave with the jitter of the machine, and the time between two of them is
    not in the message. They are tested where that time is known.
    """
    middle = 0.5 * (limits.upper + limits.lower)
    position = np.abs(recording.command_q - middle) / (limits.upper - middle)
    answers = answers_of(recording)
    stamp_ns = np.diff(recording.target_stamp[answers.targets])
    period_ns = np.median(stamp_ns)
    is_next = (np.diff(answers.commands) == 1) & (np.abs(stamp_ns - period_ns) < 1e-3 * period_ns)
    qd = np.diff(recording.command_q[answers.commands], axis=0)[is_next] / (period_ns * NS)
    use = {'position': float(position.max())}
    if is_next.any():
        use['velocity'] = float((np.abs(qd) / limits.velocity).max())
    return use
