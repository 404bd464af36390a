# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Converts the recorded messages of the demo into the arrays of a ``Recording``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...interface.messages import PoseTarget, ns_from_time, target_from_pose
from ...simulation.demo_report import Recording
from ...units import S_PER_NS
from ..nodes.recorder import RecordedTopic

NODE_SUFFIX = '/neural_ik'
ARM_NAME = '/simulated_arm: joint_trajectory_controller'
VIOLATIONS = ('rejected', 'position_violations', 'speed_violations', 'not_finite')
STATUS_PREFIX = 'count '


def recording_from_topics(recorded: Mapping[str, RecordedTopic]) -> Recording:
    """Return the recording of a ``Recorder``, by the names of its topics."""
    targets = [target_from_pose(message) for message in recorded['targets'].messages()]
    valid = [target for target in targets if isinstance(target, PoseTarget)]
    solutions = recorded['solutions'].messages()
    commands = recorded['trajectories'].messages()
    joints = recorded['joint_states'].messages()
    values = _latest_values(recorded['diagnostics'])
    return Recording(
        target_stamp_ns=_ints(target.stamp_ns for target in valid),
        target_sent_ns=_ints(recorded['targets'].sent_ns),
        targets=np.array([target.transform for target in valid]).reshape(-1, 4, 4),
        solution_stamp_ns=_ints(ns_from_time(message.header.stamp) for message in solutions),
        solution_sent_ns=_ints(recorded['solutions'].sent_ns),
        solution_q=np.array([message.position for message in solutions]).reshape(-1, 6),
        command_sent_ns=_ints(recorded['trajectories'].sent_ns),
        command_received_ns=_ints(recorded['trajectories'].received_ns),
        command_q=np.array([message.points[0].positions for message in commands]).reshape(-1, 6),
        command_s=np.array(
            [ns_from_time(message.points[0].time_from_start) * S_PER_NS for message in commands]
        ),
        joint_stamp_ns=_ints(ns_from_time(message.header.stamp) for message in joints),
        joint_q=np.array([message.position for message in joints]).reshape(-1, 6),
        relayed_stamp_ns=_ints(
            ns_from_time(message.header.stamp) for message in recorded['relayed'].messages()
        ),
        relayed_received_ns=_ints(recorded['relayed'].received_ns),
        counts={
            key.removeprefix(STATUS_PREFIX): int(value)
            for key, value in values.get(NODE_SUFFIX, {}).items()
            if key.startswith(STATUS_PREFIX)
        },
        violations={key: int(values.get(ARM_NAME, {}).get(key, 0)) for key in VIOLATIONS},
    )


def _ints(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(list(values), dtype=np.int64)  # type: ignore[call-overload]


def _latest_values(topic: RecordedTopic) -> dict[str, dict[str, str]]:
    """Return the latest key-value pairs of each diagnostic status, by its name."""
    return {
        status.name: {pair.key: pair.value for pair in status.values}
        for message in topic.messages()
        for status in message.status
    }
