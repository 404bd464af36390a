# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the node tells about itself: counts, latencies, the newest evidence."""

from __future__ import annotations

from array import array
from collections import Counter

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from ..motion import Output, Status, StreamStatus
from ..solver import IkSolution, IkStatus

WINDOW = 1024  # latencies kept for the percentiles

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
_CALM = (IkStatus.SOLVED, IkStatus.SOLVED_OTHER_POSTURE, StreamStatus.IDLE)


class Statistics:
    """Counts and latencies since activation; memory does not grow."""

    def __init__(self) -> None:
        """Start from nothing."""
        self.counts: Counter[str] = Counter()
        self.newest = Output(status=StreamStatus.IDLE)
        self._has_happened = False  # since the last report
        self._published = ''  # the reason told last
        self._latencies_ms = array('d', bytes(8 * WINDOW))
        self._n_latencies = 0
        self._solution: IkSolution | None = None

    def count(self, output: Output, latency_ns: int) -> bool:
        """Take one answered target; return whether its status differs from the one before."""
        is_changed = output.status is not self.newest.status
        self.note(output)
        self.counts[output.status.name] += 1
        self._latencies_ms[self._n_latencies % WINDOW] = latency_ns * 1e-6
        self._n_latencies += 1
        if output.solution is not None:
            self._solution = output.solution
        return is_changed

    def note(self, output: Output) -> None:
        """Take what happened, be it the answer to a target or not."""
        self.newest, self._has_happened = output, True

    def is_news(self) -> bool:
        """
        Return whether the newest status needs to be published although its name is the same.

        To be asked once a second: the reason may have changed, or nothing happened since.
        """
        if not self._has_happened:
            self.newest = Output(status=StreamStatus.IDLE)
        self._has_happened = False
        return self.newest.reason != self._published

    def status(self, name: str) -> DiagnosticStatus:
        """Return the newest status alone, as published on change."""
        self._published = self.newest.reason
        return status_message(name, self.newest.status, self.newest.reason)

    def report(self, name: str) -> DiagnosticStatus:
        """Return the newest status with all figures, as published once a second."""
        message = status_message(name, self.newest.status, self.newest.reason)
        figures = {
            **{f'count {status}': f'{n}' for status, n in sorted(self.counts.items())},
            **self._latency_figures(),
            **_evidence(self._solution),
        }
        message.values += [KeyValue(key=key, value=value) for key, value in figures.items()]
        return message

    def _latency_figures(self) -> dict[str, str]:
        n = min(self._n_latencies, WINDOW)
        if n == 0:
            return {}
        p50, p99, largest = np.percentile(np.frombuffer(self._latencies_ms)[:n], [50, 99, 100])
        return {
            'callback p50 [ms]': f'{p50:.3f}',
            'callback p99 [ms]': f'{p99:.3f}',
            'callback max [ms]': f'{largest:.3f}',
        }


def status_message(name: str, status: Status, reason: str) -> DiagnosticStatus:
    """Return a diagnostic status with the machine-readable name of ``status`` as a value."""
    return DiagnosticStatus(
        level=OK if status in _CALM else WARN,
        name=name,
        message=reason,
        hardware_id='neural_ik_ros',
        values=[KeyValue(key='status', value=status.name)],
    )


def _evidence(solution: IkSolution | None) -> dict[str, str]:
    if solution is None:
        return {}
    return {
        'position error [m]': f'{solution.position_error:.3e}',
        'rotation error [rad]': f'{solution.rotation_error:.3e}',
        'seed': solution.seed,
        'newton steps': f'{solution.iterations}',
        'largest joint step [rad]': f'{solution.largest_step:.4f}',
        'smallest singular value': f'{solution.smallest_singular_value:.4f}',
    }
