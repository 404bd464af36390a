# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Counts, latencies and the newest status of the streaming node; without ROS."""

from __future__ import annotations

from collections import Counter

from ..motion import Deviation, Health, Output, StreamStatus
from ..solver import IkSolution
from .statistics import Window

REPORTS_WITHOUT_JOINTS = 3  # one report a second


class NodeStatistics:
    """Statistics since activation, in constant memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # targets by status
        self.newest = Output(status=StreamStatus.IDLE)
        self.n_other_joints = 0  # joint states of other joints
        self._seeds: Counter[str] = Counter()
        self._has_output = False  # since the last call of has_changed
        self._reported: tuple[str, tuple[str, ...]] = ('', ())
        self._callback_ms, self._solve_ms, self._loop_ms = Window(), Window(), Window()
        self._iterations = Window()
        self._solution: IkSolution | None = None
        self._deviation: Deviation | None = None
        self._n_limited = 0  # commands
        self._tick_ns = 0
        self._n_joint_states = 0  # since the last report
        self._n_empty_reports = -1  # in a row; the first report may come before any joint state

    def on_target(self, output: Output, latency_ns: int) -> bool:
        """Count a target; return whether its status differs from the one before."""
        is_changed = output.status is not self.newest.status
        self.on_output(output)
        self.counts[output.status.name] += 1
        self._callback_ms.add(latency_ns * 1e-6)
        if output.solution is not None:
            self._solution = output.solution
            self._solve_ms.add(output.solve_ns * 1e-6)
            self._iterations.add(output.solution.iterations)
            self._seeds[output.solution.seed] += 1
        return is_changed

    def on_tick(self, steady_ns: int) -> None:
        """Measure the period of the loop, on a steady clock."""
        if self._tick_ns:
            self._loop_ms.add((steady_ns - self._tick_ns) * 1e-6)
        self._tick_ns = steady_ns

    def on_output(self, output: Output) -> None:
        """Make an output the newest one: the answer to a target, or a fault."""
        self.newest, self._has_output = output, True
        self.on_command(output)

    def on_command(self, output: Output) -> None:
        """Record what the motion limits cost, if there is a command."""
        if output.command is not None:
            self._deviation = output.deviation
            self._n_limited += output.deviation is not None

    def on_joint_state(self, *, is_ours: bool) -> None:
        """Count a joint state of this arm, or of other joints."""
        self._n_joint_states += is_ours
        self.n_other_joints += not is_ours

    def update_idle_status(self, idle_status: Output) -> bool:
        """
        Return whether the status must be reported although its name is the same.

        Call it once a second: the reason may have changed, or there was no output since.

        :param idle_status: The status if there was none.
        """
        has_output, self._has_output = self._has_output, False
        if not has_output:
            before, self.newest = self.newest, idle_status
            if before.status is idle_status.status is StreamStatus.STALE_JOINT_STATE:
                return False  # only the age in the reason grows
        return self._told() != self._reported

    def on_status_reported(self) -> None:
        """Note that the newest status has been reported."""
        self._reported = self._told()

    def _told(self) -> tuple[str, tuple[str, ...]]:
        """Return what is news: the reason, and joints outside their measured angles."""
        solution = self.newest.solution
        expected = None if solution is None else solution.predicted_accuracy
        return self.newest.reason, expected.uncovered if expected is not None else ()

    def count_report(self) -> bool:
        """
        Return, once, whether several reports in a row came without joint states.

        Call it with each report.
        """
        self._n_empty_reports = self._n_empty_reports + 1 if self._n_joint_states == 0 else 0
        self._n_joint_states = 0
        return self._n_empty_reports == REPORTS_WITHOUT_JOINTS

    def diagnostic_values(self, health: Health) -> dict[str, str]:
        """Return everything as values of diagnostics."""
        return {
            **{f'count {status}': f'{n}' for status, n in sorted(self.counts.items())},
            **{f'seed {seed}': f'{n}' for seed, n in sorted(self._seeds.items())},
            **self._callback_ms.diagnostic_values('callback', 'ms', '.3f'),
            **self._solve_ms.diagnostic_values('solve', 'ms', '.3f'),
            **self._loop_ms.diagnostic_values('loop', 'ms', '.3f'),
            **self._iterations.diagnostic_values('iterations', '', '.0f'),
            **self._motion_values(),
            **_health_values(health),
            'ignored joint states': f'{self.n_other_joints}',
            **_solution_values(self._solution),
            **accuracy_values(self._solution),
        }

    def _motion_values(self) -> dict[str, str]:
        position, rotation = (
            (self._deviation.position, self._deviation.rotation) if self._deviation else (0.0, 0.0)
        )
        return {
            'limited commands': f'{self._n_limited}',
            'deviation [m]': f'{position:.3e}',
            'deviation [rad]': f'{rotation:.3e}',
        }


def _health_values(health: Health) -> dict[str, str]:
    age_s = health.joint_state_age_s
    return {
        'fault': health.fault,
        'moving': 'yes' if health.is_moving else 'no',
        'joint state age [s]': 'none' if age_s is None else f'{age_s:.3f}',
        'following error [rad]': f'{health.following_error:.4f}',
    }


def accuracy_values(solution: IkSolution | None) -> dict[str, str]:
    """Return the accuracy expected of a solution as values; none without a calibration."""
    expected = None if solution is None else solution.predicted_accuracy
    if expected is None:
        return {}
    return {
        'predicted error p50 [m]': f'{expected.position_median:.2e}',
        'predicted error p95 [m]': f'{expected.position_p95:.2e}',
        'predicted error p50 [rad]': f'{expected.rotation_median:.2e}',
        'predicted error p95 [rad]': f'{expected.rotation_p95:.2e}',
        'joints outside measured angles': ', '.join(expected.uncovered) or 'none',
    }


def _solution_values(solution: IkSolution | None) -> dict[str, str]:
    if solution is None:
        return {}
    return {
        'position error [m]': f'{solution.position_error:.3e}',
        'rotation error [rad]': f'{solution.rotation_error:.3e}',
        'seed': solution.seed,
        'iterations': f'{solution.iterations}',
        'max joint step [rad]': f'{solution.max_joint_step:.4f}',
        'smallest singular value': f'{solution.smallest_singular_value:.4f}',
    }
