# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Statuses and reports as messages of diagnostic_msgs."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from ...motion import Status


def status_message(
    name: str, status: Status, reason: str, values: Mapping[str, str]
) -> DiagnosticStatus:
    """
    Return a diagnostic status whose first value is the machine-readable name of ``status``.

    :param name: Fully qualified name of the node.
    :param values: What follows, as keys and values.
    """
    pairs = {'status': status.name, **values}
    return DiagnosticStatus(
        level=DiagnosticStatus.OK if status.is_ok else DiagnosticStatus.WARN,
        name=name,
        message=reason,
        hardware_id='neural_ik_ros',
        values=[KeyValue(key=key, value=value) for key, value in pairs.items()],
    )


def no_joint_states_warning(
    seconds: int, n_other_joints: int, publishers: Mapping[str, str]
) -> str:
    """Return the line for the log when no joint states arrive."""
    known = ', '.join(f'{key}: {value}' for key, value in publishers.items())
    return (
        f'no joint states for {seconds} s; of other joints since activation: '
        f'{n_other_joints}; {known}. See docs/troubleshooting.md, Nodes that receive nothing.'
    )
