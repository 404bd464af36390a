# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The live display of ``neural_ik monitor``: the latest diagnostics of each node."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from ...errors import ProcessError
from ..runtime import qos, transport

HARDWARE_ID = 'neural_ik_ros'
POLL_S = 0.1
STALE_S = 2.5  # reports come once a second
TIMES = ('p50', 'p99', 'max')
MAX_TEXT = 160  # characters of a text received

WATCHDOGS = {
    'fault': 'fault',
    'joint state age [s]': 'joint state age [s]',
    'following error [rad]': 'following error [rad]',
}
MOTION = {
    'moving': 'moving',
    'limited commands': 'limited',
    'deviation [m]': 'off by [m]',
    'deviation [rad]': '[rad]',
}
EVIDENCE_ROWS = {
    'position error [m]': 'error [m]',
    'rotation error [rad]': '[rad]',
    'smallest singular value': 'singular value',
}


class Monitor(Node):
    """Keeps the latest report of each node ``neural_ik``."""

    def __init__(self, context: Context) -> None:
        super().__init__('neural_ik_monitor', context=context)
        self.reports: dict[str, tuple[float, DiagnosticStatus]] = {}
        self.create_subscription(
            DiagnosticArray,
            '/diagnostics',
            self._on_diagnostics,
            qos.with_depth(qos.DIAGNOSTICS_OUT, 10),
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.hardware_id == HARDWARE_ID:
                self.reports[status.name] = (time.monotonic(), status)

    def render(self, now: float) -> str:
        """Return the reports of all nodes as text."""
        return '\n\n'.join(
            render_report(status, age_s=now - time_s)
            for _, (time_s, status) in sorted(self.reports.items())
        )


def run_monitor(
    show: Callable[[str], None], *, is_once: bool = False, timeout_s: float = 30.0
) -> None:
    """
    Call ``show`` with the text of all reports whenever it changes, until interrupted.

    :param is_once: End after the first report.
    :raises ProcessError: If no report comes in time at the start.
    """
    with _spinning() as (monitor, spin):
        deadline, shown = time.monotonic() + timeout_s, ''
        while True:
            spin()
            now = time.monotonic()
            if not monitor.reports and now > deadline:
                problem = f'no diagnostics within {timeout_s:g} s'
                remedy = 'check that the node is active and ROS_DOMAIN_ID the same'
                raise ProcessError('neural_ik', problem, remedy)
            page = monitor.render(now)
            if page != shown:
                show(page)
                shown = page
            if is_once and page:
                return


@contextlib.contextmanager
def _spinning() -> Iterator[tuple[Monitor, Callable[[], None]]]:
    """Provide a monitor and a function that spins it once."""
    context = Context()
    transport.init(args=[], context=context)
    monitor = Monitor(context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(monitor)
    try:
        yield monitor, lambda: executor.spin_once(timeout_sec=POLL_S)
    finally:
        executor.shutdown()
        monitor.destroy_node()
        rclpy.shutdown(context=context)


def render_report(status: DiagnosticStatus, *, age_s: float) -> str:
    """Return the report of one node as text."""
    values = {printable(pair.key): printable(pair.value) for pair in status.values}
    is_stale = age_s > STALE_S
    head = 'SILENT' if is_stale else values.get('status', '?')
    text = f'no report for {age_s:.0f} s' if is_stale else status.message
    rows = [f'{printable(status.name)}  {head}', printable(text), '']
    rows += _table('time [ms]', values, ('callback', 'solve', 'loop'), ' [ms]')
    rows += [
        _row('answers', _counts(values, 'count ')),
        _row('seeds', _counts(values, 'seed ')),
        _row('iterations', ' '.join(f'{k} {values.get(f"iterations {k}", "-")}' for k in TIMES)),
        _row('publishers', _counts(values, 'publishers of ')),
        _row('watchdogs', _pairs(values, WATCHDOGS)),
        _row('motion', _pairs(values, MOTION)),
        _row('newest', _pairs(values, EVIDENCE_ROWS)),
    ]
    return '\n'.join(row.rstrip() for row in rows)


def printable(text: str) -> str:
    """Return a text without control characters: diagnostics are untrusted."""
    short = text if len(text) <= MAX_TEXT else f'{text[:MAX_TEXT]}...'
    return ''.join(c if c.isprintable() else '?' for c in short)


def _table(title: str, values: Mapping[str, str], names: Iterable[str], unit: str) -> list[str]:
    rows = [f'{title:14}' + ''.join(f'{kind:>10}' for kind in TIMES)]
    rows += [
        f'{name:14}' + ''.join(f'{values.get(f"{name} {kind}{unit}", "-"):>10}' for kind in TIMES)
        for name in names
    ]
    return [*rows, '']


def _counts(values: Mapping[str, str], prefix: str) -> str:
    found = [
        f'{key.removeprefix(prefix)} {value}'
        for key, value in values.items()
        if key.startswith(prefix)
    ]
    return ', '.join(found) or 'none'


def _pairs(values: Mapping[str, str], names: Mapping[str, str]) -> str:
    return ', '.join(f'{label} {values[key]}' for key, label in names.items() if key in values)


def _row(name: str, text: str) -> str:
    return f'{name:14}{text}'
