# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Comparison of recorded commands and solutions with those of the replay."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interface.messages import JointReader, JointReading, ns_from_time
from ..interface.statistics import QuantileSketch
from ..kinematics import FloatArray, Joints
from ..motion import Command
from ..units import MS_PER_NS, NS_PER_S

MATCH_S = 0.1  # longest time from a replayed command to the recorded one that it is compared with
WAIT_NS = NS_PER_S  # between a recorded and a replayed solution of the same target
DISCOVERY_NS = 5 * NS_PER_S  # in which a recorder that starts late has discovered the node
SOLUTION_TOL = 1e-9  # [rad] up to which solutions are equal


class CommandComparison:
    """Commands in the bag against those of the replay, by the time of recording."""

    def __init__(self, joint_names: Sequence[str]) -> None:
        """Start without commands."""
        self._joint_names = list(joint_names)
        self._difference, self._latency_ms = QuantileSketch(), QuantileSketch()
        self._n_unmatched = 0
        self._target_ns: int | None = None  # newest target without a recorded command
        self._command: Command | None = None  # the newest of the replay
        self._command_ns = 0

    def begin(self, now_ns: int) -> None:
        """Note the time of a target."""
        self._target_ns = now_ns

    def expect(self, command: Command, now_ns: int) -> None:
        """Set the newest replayed command."""
        self._command, self._command_ns = command, now_ns

    def add(self, message: Any, now_ns: int) -> None:
        """Compare a recorded command with the newest replayed one."""
        if self._target_ns is not None:
            self._latency_ms.add((now_ns - self._target_ns) * MS_PER_NS)
            self._target_ns = None
        command, is_near = self._command, now_ns - self._command_ns <= MATCH_S * NS_PER_S
        if command is None or not is_near or not _is_for(message, self._joint_names):
            self._n_unmatched += 1
        else:
            self._difference.add(_difference(message, self._joint_names, command, now_ns))

    def values(self) -> dict[str, Any]:
        """Return plain data, the same for the same commands."""
        return {
            'compared': self._difference.n,
            'without_replayed_one': self._n_unmatched,
            'difference_rad': self._difference.values(),
            'latency_ms': self._latency_ms.values(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    stamp_ns: int  # of its target
    q: Joints  # (6,) [rad]
    now_ns: int


class SolutionComparison:
    """
    Solutions in the bag against those of the replay, matched by the stamps of their targets.

    Recorded and replayed ones may come in any order within ``WAIT_NS``: the clock of a recorder
    lags by milliseconds behind that of the bag, so that a solution may sort before its target.
    Targets without a stamp (zero) cannot be matched and are left out.
    """

    def __init__(self, joint_names: Sequence[str], *, may_start_late: bool = False) -> None:
        """
        Start without solutions.

        :param may_start_late: Whether the recorder may have missed solutions at the start, which
            are counted separately.
        """
        self._reader = JointReader(joint_names)
        self._may_start_late = may_start_late
        self._difference = QuantileSketch()
        self._replayed: deque[_Solution] = deque()  # without a recorded one yet
        self._recorded: deque[_Solution] = deque()  # without a replayed one yet
        self._n_missing = self._n_unmatched = self._n_before = 0
        self._start_ns: int | None = None  # of the first target
        self._first_stamp_ns: int | None = None  # of the recorded solutions

    def expect(self, q: Joints, stamp_ns: int, now_ns: int) -> None:
        """Add a replayed solution (6,) [rad] of a target with this stamp."""
        if self._start_ns is None:
            self._start_ns = now_ns
        self._give_up(now_ns)
        if stamp_ns != 0:
            self._match(_Solution(stamp_ns, q, now_ns), self._recorded, self._replayed)

    def add(self, message: Any, now_ns: int) -> None:
        """Compare a recorded solution with the replayed one of the same target."""
        reading = self._reader.read(message)
        if not isinstance(reading, JointReading):
            self._n_unmatched += 1
            return
        stamp_ns = reading.stamp_ns
        if stamp_ns == 0:
            return
        self._first_stamp_ns = min(stamp_ns, self._first_stamp_ns or stamp_ns)
        self._give_up(now_ns)
        self._match(_Solution(stamp_ns, reading.q, now_ns), self._replayed, self._recorded)

    def _match(self, one: _Solution, others: deque[_Solution], waiting: deque[_Solution]) -> None:
        """Compare a solution with the one of the same target, or let it wait for that."""
        other = next((other for other in others if other.stamp_ns == one.stamp_ns), None)
        if other is None:
            waiting.append(one)
            return
        others.remove(other)
        self._difference.add(float(np.abs(one.q - other.q).max()))

    def _give_up(self, now_ns: int) -> None:
        """Count those that have waited for long enough."""
        while self._replayed and now_ns - self._replayed[0].now_ns > WAIT_NS:
            is_before = self._is_before(self._replayed.popleft())
            self._n_before += is_before
            self._n_missing += not is_before
        while self._recorded and now_ns - self._recorded[0].now_ns > WAIT_NS:
            self._recorded.popleft()
            self._n_unmatched += 1

    def _is_before(self, replayed: _Solution) -> bool:
        """Whether a solution came before the first recorded one, soon after the start."""
        is_first = self._first_stamp_ns is None or replayed.stamp_ns < self._first_stamp_ns
        is_soon = replayed.now_ns - (self._start_ns or 0) <= DISCOVERY_NS
        return self._may_start_late and is_first and is_soon

    def values(self) -> dict[str, Any]:
        """Return plain data, the same for the same solutions."""
        n_before = sum(map(self._is_before, self._replayed))
        return {
            'compared': self._difference.n,
            'without_replayed_one': self._n_unmatched + len(self._recorded),
            'missing': self._n_missing + len(self._replayed) - n_before,
            'before_first': self._n_before + n_before,
            'difference_rad': self._difference.values(),
        }


def describe_difference(values: Mapping[str, Any]) -> str:
    """Return how recorded solutions differ from those of the replay; empty if they do not."""
    largest = values['difference_rad']['max']
    problems = [
        'none could be compared' if values['compared'] == 0 else '',
        f'{values["missing"]} are missing' if values['missing'] else '',
        f'{values["without_replayed_one"]} are not in the replay'
        if values['without_replayed_one']
        else '',
        f'they differ by up to {largest:.3e} rad' if largest > SOLUTION_TOL else '',
    ]
    return ', '.join(filter(None, problems))


def describe_agreement(values: Mapping[str, Any], name: str) -> str:
    """Return how many solutions in a bag with a name are those of the replay."""
    largest = values['difference_rad']['max']
    text = f'{values["compared"]} solutions in {name} as replayed, to {largest:.1e} rad'
    if values['before_first']:
        text += f'\n{values["before_first"]} targets came before the first of them: not compared'
    return text


def _is_for(message: Any, joint_names: list[str]) -> bool:
    """Whether a trajectory message has points, all of them for these joints."""
    names, points = message.joint_names, message.points
    is_complete = all(len(point.positions) == len(names) for point in points)
    return bool(points) and is_complete and sorted(names) == sorted(joint_names)


def _difference(message: Any, joint_names: list[str], command: Command, now_ns: int) -> float:
    """
    Return the largest distance [rad] of a recorded command from a replayed one at one time.

    That is when the replayed one changes; or when the recorded one reaches its first point,
    if it has no stamp, as nodes sent it that did not command absolute times.
    """
    names, stamp_ns = list(message.joint_names), ns_from_time(message.header.stamp)
    order = [names.index(name) for name in joint_names]
    recorded = np.array([point.positions for point in message.points])[:, order]
    times_ns = np.array([ns_from_time(point.time_from_start) for point in message.points])
    start_ns = command.stamp_ns or now_ns
    after_ns = int(command.time_ns[command.n_known])  # the start of the replayed one
    if stamp_ns == 0:
        stamp_ns, after_ns = now_ns, now_ns + int(times_ns[0]) - start_ns
    q_recorded = _interpolate(start_ns + after_ns - stamp_ns, times_ns, recorded)
    q_replayed = _interpolate(after_ns, command.time_ns, command.states[:, 0])
    return float(np.abs(q_recorded - q_replayed).max())


def _interpolate(time_ns: int, times_ns: NDArray[np.int64], rows: FloatArray) -> Joints:
    return np.array([np.interp(time_ns, times_ns, column) for column in rows.T])
