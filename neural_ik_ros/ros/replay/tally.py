# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a replay, collected answer by answer; memory does not grow."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...kinematics import N_JOINTS, Joints
from ...motion import Command, MotionLimits
from ...solver import IkSolution
from ..controller_rules import NS_PER_S
from .player import Answer
from .spread import Spread

FOLLOWS_S = 0.1  # within which a recorded command belongs to the newest replayed one
MS_PER_NS = 1e-6


class Tally:
    """What the answers of a replay are worth."""

    def __init__(self, limits: MotionLimits, joint_names: list[str]) -> None:
        """Start from nothing."""
        self._limits, self._joint_names = limits, joint_names
        self._middle = 0.5 * (limits.upper + limits.lower)
        self._half = 0.5 * (limits.upper - limits.lower)
        self._use = {name: np.zeros(N_JOINTS) for name in ('position', 'velocity', 'acceleration')}
        self._statuses: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._seeds: Counter[str] = Counter()
        self._position_error, self._rotation_error = Spread(), Spread()
        self._seed_error, self._newton_steps = Spread(), Spread()
        self._joint_step, self._deviation = Spread(), Spread()
        self._recorded = _Comparison()
        self._solve_ms = Spread()
        self._n_solved = self._n_commands = self._n_limited = 0
        self._seed_sum = np.zeros(N_JOINTS)  # [rad]
        self._newest_q: Joints | None = None

    @property
    def n_solved(self) -> int:
        """Number of targets that were solved."""
        return self._n_solved

    def take(self, answer: Answer) -> None:
        """Take an answer in."""
        output = answer.output
        if answer.target is not None:
            self._statuses[output.status.name] += 1
            self._n_solved += output.status.is_solved
            self._recorded.begin(answer.now_ns)
        elif not output.status.is_solved:
            self._faults[output.status.name] += 1
        if output.solution is not None:
            self._solve_ms.add(output.solve_ns * MS_PER_NS)
            self._newton_steps.add(output.solution.iterations)
        if output.solution is not None and answer.seed_errors is not None:
            self._take_solution(output.solution, answer.seed_errors)
        if output.command is not None:
            self._take_command(output.command, answer)

    def take_recorded(self, message: Any, now_ns: int) -> None:
        """Compare a command in the bag with the newest replayed one."""
        q = _first_row(message, self._joint_names)
        self._recorded.add(q, now_ns)

    def figures(self) -> dict[str, Any]:
        """Return plain data: the same for the same answers."""
        n = sum(self._statuses.values())
        return {
            'targets': {
                'answered': n,
                'solved': self._n_solved,
                'solved_percent': 100.0 * self._n_solved / max(n, 1),
                'by_status': dict(sorted(self._statuses.items())),
            },
            'faults': dict(sorted(self._faults.items())),
            'seeds': dict(sorted(self._seeds.items())),
            'seed_error_rad': {
                **self._seed_error.figures(),  # of the worst joint
                'mean_of_joint': (self._seed_sum / max(self._seed_error.n, 1)).tolist(),
            },
            'newton_steps': self._newton_steps.figures(),
            'solution_error_m': self._position_error.figures(),
            'solution_error_rad': self._rotation_error.figures(),
            'commands': {'sent': self._n_commands, 'limited': self._n_limited},
            'deviation_m': self._deviation.figures(),
            'joint_step_rad': self._joint_step.figures(),
            'limit_use': {name: use.tolist() for name, use in self._use.items()},
            'recorded_commands': self._recorded.figures(),
        }

    def solve_ms(self) -> dict[str, float]:
        """Return the times that solving took: different with every replay."""
        return self._solve_ms.figures()

    def _take_solution(self, solution: IkSolution, seed_errors: Joints) -> None:
        self._seeds[solution.seed] += 1
        self._position_error.add(solution.position_error)
        self._rotation_error.add(solution.rotation_error)
        self._seed_error.add(float(seed_errors.max()))
        self._seed_sum += seed_errors

    def _take_command(self, command: Command, answer: Answer) -> None:
        self._n_commands += 1
        q = command.q[-1]
        if self._newest_q is not None:
            self._joint_step.add(float(np.abs(command.q[0] - self._newest_q).max()))
        self._newest_q = q
        self._recorded.expect(command.q[0], answer.now_ns)
        if answer.deviation is not None:
            self._n_limited += 1
            self._deviation.add(answer.deviation)
        self._note_use('position', np.abs(q - self._middle) / self._half)
        self._note_use('velocity', np.abs(answer.motion.qd) / self._limits.velocity)
        self._note_use('acceleration', np.abs(answer.motion.qdd) / self._limits.acceleration)

    def _note_use(self, limit: str, shares: Joints) -> None:
        np.maximum(self._use[limit], shares, out=self._use[limit])


class _Comparison:
    """Commands in the bag against those of the replay."""

    def __init__(self) -> None:
        self._difference, self._latency_ms = Spread(), Spread()
        self._n_alone = 0
        self._target_ns: int | None = None  # that is still to be answered in the bag
        self._q: Joints | None = None
        self._command_ns = 0

    def begin(self, now_ns: int) -> None:
        """Take note that a target came."""
        self._target_ns = now_ns

    def expect(self, q: Joints, now_ns: int) -> None:
        """Take a replayed command (6,) [rad]."""
        self._q, self._command_ns = q, now_ns

    def add(self, q: Joints | None, now_ns: int) -> None:
        """Take a recorded command (6,) [rad], None if it is for other joints."""
        if self._target_ns is not None:
            self._latency_ms.add((now_ns - self._target_ns) * MS_PER_NS)
            self._target_ns = None
        is_near = now_ns - self._command_ns <= FOLLOWS_S * NS_PER_S
        if q is None or self._q is None or not is_near:
            self._n_alone += 1
        else:
            self._difference.add(float(np.abs(q - self._q).max()))

    def figures(self) -> dict[str, Any]:
        return {
            'compared': self._difference.n,
            'without_replayed_one': self._n_alone,
            'difference_rad': self._difference.figures(),
            'latency_ms': self._latency_ms.figures(),
        }


def _first_row(message: Any, joint_names: list[str]) -> Joints | None:
    """Return the first positions (6,) of a trajectory message, None if it is for other joints."""
    names = list(message.joint_names)
    if not message.points or sorted(names) != sorted(joint_names):
        return None
    positions = message.points[0].positions
    if len(positions) != len(names):
        return None
    return np.array([positions[names.index(name)] for name in joint_names])
