# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Comparison of recorded commands and solutions with those of the replay."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..interface.messages import JointReader, JointReading
from ..interface.statistics import QuantileSketch
from ..kinematics import Joints
from ..units import MS_PER_NS, NS_PER_S

MATCH_S = 0.1  # longest time from a replayed command to the recorded one that it is compared with
WAIT_NS = NS_PER_S  # for the recorded solution of a target
SOLUTION_TOL = 1e-9  # [rad] up to which solutions are equal


class CommandComparison:
    """Commands in the bag against those of the replay, by the time of recording."""

    def __init__(self, joint_names: Sequence[str]) -> None:
        """Start without commands."""
        self._joint_names = list(joint_names)
        self._difference, self._latency_ms = QuantileSketch(), QuantileSketch()
        self._n_unmatched = 0
        self._target_ns: int | None = None  # newest target without a recorded command
        self._q: Joints | None = None
        self._command_ns = 0

    def begin(self, now_ns: int) -> None:
        """Note the time of a target."""
        self._target_ns = now_ns

    def expect(self, q: Joints, now_ns: int) -> None:
        """Set the newest replayed command (6,) [rad]."""
        self._q, self._command_ns = q, now_ns

    def add(self, message: Any, now_ns: int) -> None:
        """Compare a recorded command with the newest replayed one."""
        if self._target_ns is not None:
            self._latency_ms.add((now_ns - self._target_ns) * MS_PER_NS)
            self._target_ns = None
        q = _first_row(message, self._joint_names)
        is_near = now_ns - self._command_ns <= MATCH_S * NS_PER_S
        if q is None or self._q is None or not is_near:
            self._n_unmatched += 1
        else:
            self._difference.add(float(np.abs(q - self._q).max()))

    def values(self) -> dict[str, Any]:
        """Return plain data, the same for the same commands."""
        return {
            'compared': self._difference.n,
            'without_replayed_one': self._n_unmatched,
            'difference_rad': self._difference.values(),
            'latency_ms': self._latency_ms.values(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    stamp_ns: int
    q: Joints  # (6,) [rad]
    now_ns: int


class SolutionComparison:
    """
    Solutions in the bag against those of the replay, matched by the stamps of their targets.

    Targets without a stamp (zero) cannot be matched and are left out.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        """Start without solutions."""
        self._reader = JointReader(joint_names)
        self._difference = QuantileSketch()
        self._expected: deque[_Expected] = deque()
        self._n_missing = self._n_unmatched = 0

    def expect(self, q: Joints, stamp_ns: int, now_ns: int) -> None:
        """Add a replayed solution (6,) [rad] of a target with this stamp."""
        while self._expected and now_ns - self._expected[0].now_ns > WAIT_NS:
            self._expected.popleft()
            self._n_missing += 1
        if stamp_ns != 0:
            self._expected.append(_Expected(stamp_ns, q, now_ns))

    def add(self, message: Any) -> None:
        """Compare a recorded solution with the replayed one of the same target."""
        reading = self._reader.read(message)
        if not isinstance(reading, JointReading):
            self._n_unmatched += 1
            return
        if reading.stamp_ns == 0:
            return
        if not any(one.stamp_ns == reading.stamp_ns for one in self._expected):
            self._n_unmatched += 1
            return
        while self._expected[0].stamp_ns != reading.stamp_ns:  # solutions come in order
            self._expected.popleft()
            self._n_missing += 1
        self._difference.add(float(np.abs(reading.q - self._expected.popleft().q).max()))

    def values(self) -> dict[str, Any]:
        """Return plain data, the same for the same solutions."""
        return {
            'compared': self._difference.n,
            'without_replayed_one': self._n_unmatched,
            'missing': self._n_missing + len(self._expected),
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


def _first_row(message: Any, joint_names: list[str]) -> Joints | None:
    """Return the first positions (6,) of a trajectory message, None if it is for other joints."""
    names = list(message.joint_names)
    if not message.points or sorted(names) != sorted(joint_names):
        return None
    positions = message.points[0].positions
    if len(positions) != len(names):
        return None
    return np.array([positions[names.index(name)] for name in joint_names])
