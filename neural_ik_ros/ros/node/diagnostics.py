# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the node tells about itself: counts, latencies, watchdogs, the newest evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from ...interface.statistics import Window
from ...motion import Deviation, Health, Output, Status, StreamStatus
from ...solver import IkSolution

BLIND_REPORTS = 3  # one a second
NOTHING: Mapping[str, str] = MappingProxyType({})

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN


class Statistics:
    """Counts and latencies since activation; memory does not grow."""

    def __init__(self) -> None:
        """Start from nothing."""
        self.counts: Counter[str] = Counter()
        self.newest = Output(status=StreamStatus.IDLE)
        self._seeds: Counter[str] = Counter()
        self._has_happened = False  # since the last report
        self._published = ''  # the reason told last
        self._callback_ms, self._solve_ms, self._loop_ms = Window(), Window(), Window()
        self._newton_steps = Window()
        self._solution: IkSolution | None = None
        self._deviation: Deviation | None = None
        self._n_limited = 0  # commands
        self._tick_ns = 0
        self._n_joints = 0  # joint states since the last report
        self._n_ignored = 0  # of other joints
        self._n_blind = -1  # reports without joint states on end, but the first: it may come soon

    def count(self, output: Output, latency_ns: int) -> bool:
        """Take one answered target; return whether its status differs from the one before."""
        is_changed = output.status is not self.newest.status
        self.note(output)
        self.counts[output.status.name] += 1
        self._callback_ms.add(latency_ns * 1e-6)
        if output.solution is not None:
            self._solution = output.solution
            self._solve_ms.add(output.solve_ns * 1e-6)
            self._newton_steps.add(output.solution.iterations)
            self._seeds[output.solution.seed] += 1
        return is_changed

    def tick(self, now_ns: int) -> None:
        """Take note that the loop goes round, on a steady clock."""
        if self._tick_ns:
            self._loop_ms.add((now_ns - self._tick_ns) * 1e-6)
        self._tick_ns = now_ns

    def note(self, output: Output) -> None:
        """Take what happened, be it the answer to a target or not."""
        self.newest, self._has_happened = output, True
        self.note_command(output)

    def note_command(self, output: Output) -> None:
        """Take what the motion limits cost."""
        if output.command is not None:
            self._deviation = output.deviation
            self._n_limited += output.deviation is not None

    def is_news(self, waiting: Output) -> bool:
        """
        Return whether the newest status needs to be published although its name is the same.

        To be asked once a second: the reason may have changed, or nothing happened since.

        :param waiting: What the node waits for, the status if nothing happened.
        """
        has_happened, self._has_happened = self._has_happened, False
        if not has_happened:
            before, self.newest = self.newest, waiting
            if before.status is waiting.status is StreamStatus.STALE_JOINT_STATE:
                return False  # the age in the reason grows, and is no news
        return self.newest.reason != self._published

    def note_joints(self, *, is_ours: bool) -> None:
        """Take note of a joint state, of joints of this arm or of others."""
        self._n_joints += is_ours
        self._n_ignored += not is_ours

    def is_blind(self) -> bool:
        """
        Return, once, that no joint states have come for some reports: an arm may be starting.

        To be asked with each report.
        """
        self._n_blind = self._n_blind + 1 if self._n_joints == 0 else 0
        self._n_joints = 0
        return self._n_blind == BLIND_REPORTS

    def blindness(self, publishers: Mapping[str, str]) -> str:
        """Return what to log then."""
        known = ', '.join(f'{key}: {value}' for key, value in publishers.items())
        return (
            f'no joint states for {BLIND_REPORTS} s; of other joints since activation: '
            f'{self._n_ignored}; {known}. See docs/node.md, Deaf nodes.'
        )

    def status(self, name: str, others: Mapping[str, str] = NOTHING) -> DiagnosticStatus:
        """Return the newest status, and other figures, as published on change."""
        self._published = self.newest.reason
        message = status_message(name, self.newest.status, self.newest.reason)
        message.values += _pairs(others)
        return message

    def report(
        self, name: str, health: Health, others: Mapping[str, str] = NOTHING
    ) -> DiagnosticStatus:
        """Return the newest status with all figures, and others, as published once a second."""
        message = status_message(name, self.newest.status, self.newest.reason)
        figures = {
            **{f'count {status}': f'{n}' for status, n in sorted(self.counts.items())},
            **{f'seed {seed}': f'{n}' for seed, n in sorted(self._seeds.items())},
            **self._callback_ms.values('callback', 'ms', '.3f'),
            **self._solve_ms.values('solve', 'ms', '.3f'),
            **self._loop_ms.values('loop', 'ms', '.3f'),
            **self._newton_steps.values('newton steps', '', '.0f'),
            **self._motion(),
            **_watchdogs(health),
            'ignored joint states': f'{self._n_ignored}',
            **_evidence(self._solution),
            **others,
        }
        message.values += _pairs(figures)
        return message

    def _motion(self) -> dict[str, str]:
        position, rotation = (
            (self._deviation.position, self._deviation.rotation) if self._deviation else (0.0, 0.0)
        )
        return {
            'limited commands': f'{self._n_limited}',
            'deviation [m]': f'{position:.3e}',
            'deviation [rad]': f'{rotation:.3e}',
        }


def status_message(name: str, status: Status, reason: str) -> DiagnosticStatus:
    """Return a diagnostic status with the machine-readable name of ``status`` as a value."""
    return DiagnosticStatus(
        level=OK if status.is_ok else WARN,
        name=name,
        message=reason,
        hardware_id='neural_ik_ros',
        values=_pairs({'status': status.name}),
    )


def _pairs(figures: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value) for key, value in figures.items()]


def _watchdogs(health: Health) -> dict[str, str]:
    age_s = health.joint_state_age_s
    return {
        'fault': health.fault,
        'moving': 'yes' if health.is_moving else 'no',
        'joint state age [s]': 'none' if age_s is None else f'{age_s:.3f}',
        'following error [rad]': f'{health.following_error:.4f}',
    }


def _evidence(solution: IkSolution | None) -> dict[str, str]:
    if solution is None:
        return {}
    return {
        'position error [m]': f'{solution.position_error:.3e}',
        'rotation error [rad]': f'{solution.rotation_error:.3e}',
        'seed': solution.seed,
        'newton steps': f'{solution.iterations}',
        'largest joint step [rad]': f'{solution.max_joint_step:.4f}',
        'smallest singular value': f'{solution.smallest_singular_value:.4f}',
    }
