# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers in the report of a replay, collected response by response; in constant memory."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..interface.messages import ns_from_time
from ..interface.statistics import QuantileSketch
from ..kinematics import N_JOINTS, Joints
from ..motion import Command, MotionLimits
from ..solver import IkSolution
from ..units import MS_PER_NS
from .bag_types import COMMANDS
from .offline_node import Response
from .recorded_comparison import CommandComparison, SolutionComparison


class ReplayStatistics:
    """Counts, errors and limit use over the responses of a replay."""

    def __init__(
        self,
        limits: MotionLimits,
        joint_names: list[str],
        *,
        has_solutions: bool,
        may_start_late: bool = False,
    ) -> None:
        """
        Start without responses.

        :param has_solutions: Whether recorded solutions are to be compared.
        :param may_start_late: Whether those at the start may be missing.
        """
        self._limits, self._has_solutions = limits, has_solutions
        self._middle = 0.5 * (limits.upper + limits.lower)
        self._half = 0.5 * (limits.upper - limits.lower)
        self._use = {name: np.zeros(N_JOINTS) for name in ('position', 'velocity', 'acceleration')}
        self._statuses: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._seeds: Counter[str] = Counter()
        self._position_error, self._rotation_error = QuantileSketch(), QuantileSketch()
        self._seed_error, self._iterations = QuantileSketch(), QuantileSketch()
        self._joint_step, self._deviation = QuantileSketch(), QuantileSketch()
        self._commands = CommandComparison(joint_names)
        self._solutions = SolutionComparison(joint_names, may_start_late=may_start_late)
        self._solve_ms = QuantileSketch()
        self._n_solved = self._n_commands = self._n_limited = 0
        self._seed_sum = np.zeros(N_JOINTS)  # [rad]
        self._newest_q: Joints | None = None

    @property
    def n_solved(self) -> int:
        """Number of targets that were solved."""
        return self._n_solved

    def add(self, response: Response) -> None:
        """Add an output of the node."""
        output = response.output
        if response.target is not None:
            self._statuses[output.status.name] += 1
            self._n_solved += output.status.is_solved
            self._commands.begin(response.now_ns)
        elif not output.status.is_solved:
            self._faults[output.status.name] += 1
        if output.solution is not None:
            self._solve_ms.add(output.solve_ns * MS_PER_NS)
            self._iterations.add(output.solution.iterations)
        if output.solution is not None and response.seed_errors is not None:
            self._add_solution(output.solution, response.seed_errors)
            self._expect_solution(output.solution, response)
        if output.command is not None:
            self._add_command(output.command, response)

    def add_recorded(self, role: str, message: Any, now_ns: int) -> None:
        """Compare a recorded command or solution with the replayed one."""
        if role == COMMANDS:
            self._commands.add(message, now_ns)
        else:
            self._solutions.add(message, now_ns)

    def values(self) -> dict[str, Any]:
        """Return plain data, the same for the same responses."""
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
                **self._seed_error.values(),  # of the worst joint
                'mean_of_joint': (self._seed_sum / max(self._seed_error.n, 1)).tolist(),
            },
            'iterations': self._iterations.values(),
            'solution_error_m': self._position_error.values(),
            'solution_error_rad': self._rotation_error.values(),
            'commands': {'sent': self._n_commands, 'limited': self._n_limited},
            'deviation_m': self._deviation.values(),
            'joint_step_rad': self._joint_step.values(),
            'limit_use': {name: use.tolist() for name, use in self._use.items()},
            'recorded_commands': self._commands.values(),
            'recorded_solutions': self._solutions.values(),
        }

    def solve_ms(self) -> dict[str, float]:
        """Return the solving times [ms], which differ from replay to replay."""
        return self._solve_ms.values()

    def _add_solution(self, solution: IkSolution, seed_errors: Joints) -> None:
        self._seeds[solution.seed] += 1
        self._position_error.add(solution.position_error)
        self._rotation_error.add(solution.rotation_error)
        self._seed_error.add(float(seed_errors.max()))
        self._seed_sum += seed_errors

    def _expect_solution(self, solution: IkSolution, response: Response) -> None:
        if self._has_solutions and response.target is not None:
            stamp_ns = ns_from_time(response.target.header.stamp)
            self._solutions.expect(solution.q, stamp_ns, response.now_ns)

    def _add_command(self, command: Command, response: Response) -> None:
        self._n_commands += 1
        q = command.q
        if self._newest_q is not None:
            self._joint_step.add(float(np.abs(q - self._newest_q).max()))
        self._newest_q = q
        self._commands.expect(command, response.now_ns)
        if response.deviation is not None:
            self._n_limited += 1
            self._deviation.add(response.deviation)
        self._update_use('position', np.abs(q - self._middle) / self._half)
        self._update_use('velocity', np.abs(response.motion.qd) / self._limits.velocity)
        self._update_use('acceleration', np.abs(response.motion.qdd) / self._limits.acceleration)

    def _update_use(self, limit: str, shares: Joints) -> None:
        np.maximum(self._use[limit], shares, out=self._use[limit])
