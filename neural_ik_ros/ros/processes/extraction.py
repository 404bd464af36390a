# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From recorded messages to the arrays that are judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...interface.messages import PoseTarget, ns_from_time, target_from_pose
from ...simulation.demo_report import Recording
from ..nodes.recorder import Track

NODE_SUFFIX = '/neural_ik'
ARM_NAME = '/simulated_arm: joint_trajectory_controller'
VIOLATIONS = ('rejected', 'position_violations', 'speed_violations', 'not_finite')
STATUS_PREFIX = 'count '


def recording_from_tracks(tracks: Mapping[str, Track]) -> Recording:
    """Return the content of the tracks of a ``Recorder``."""
    targets = [target_from_pose(message) for message in tracks['targets'].messages()]
    usable = [target for target in targets if isinstance(target, PoseTarget)]
    solutions = tracks['solutions'].messages()
    commands = tracks['trajectories'].messages()
    joints = tracks['joint_states'].messages()
    figures = _newest_figures(tracks['diagnostics'])
    return Recording(
        target_stamp=_ints(target.stamp_ns for target in usable),
        target_sent=_ints(tracks['targets'].sent_ns),
        targets=np.array([target.transform for target in usable]).reshape(-1, 4, 4),
        solution_stamp=_ints(ns_from_time(message.header.stamp) for message in solutions),
        solution_sent=_ints(tracks['solutions'].sent_ns),
        solution_q=np.array([message.position for message in solutions]).reshape(-1, 6),
        command_sent=_ints(tracks['trajectories'].sent_ns),
        command_received=_ints(tracks['trajectories'].received_ns),
        command_q=np.array([message.points[0].positions for message in commands]).reshape(-1, 6),
        command_s=np.array(
            [ns_from_time(message.points[0].time_from_start) * 1e-9 for message in commands]
        ),
        joint_stamp=_ints(ns_from_time(message.header.stamp) for message in joints),
        joint_q=np.array([message.position for message in joints]).reshape(-1, 6),
        relayed_stamp=_ints(
            ns_from_time(message.header.stamp) for message in tracks['relayed'].messages()
        ),
        relayed_received=_ints(tracks['relayed'].received_ns),
        counts={
            key.removeprefix(STATUS_PREFIX): int(value)
            for key, value in figures.get(NODE_SUFFIX, {}).items()
            if key.startswith(STATUS_PREFIX)
        },
        violations={key: int(figures.get(ARM_NAME, {}).get(key, 0)) for key in VIOLATIONS},
    )


def _ints(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(list(values), dtype=np.int64)  # type: ignore[call-overload]


def _newest_figures(track: Track) -> dict[str, dict[str, str]]:
    """Return the last key-value pairs of each diagnostic status, by its name."""
    return {
        status.name: {pair.key: pair.value for pair in status.values}
        for message in track.messages()
        for status in message.status
    }
