# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recording of a demo whose figures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neural_ik_ros.kinematics import Arm, FloatArray, forward
from neural_ik_ros.simulation.demo_report import Recording

PERIOD = 4_000_000
T0 = 1_700_000_000_000_000_000
N = 750  # three seconds
LATENCY = 700_000  # pose sent to trajectory received
RELAY = 300_000
HOME = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
SPEEDS = np.array([0.5, -0.1, 0.1, 0.2, -0.2, 0.6])  # [rad/s]
SERIES = {
    'targets': ('target_stamp', 'target_sent', 'targets'),
    'solutions': ('solution_stamp', 'solution_sent', 'solution_q'),
    'trajectories': ('command_sent', 'command_received', 'command_q', 'command_s'),
    'joint states': ('joint_stamp', 'joint_q'),
    'relayed targets': ('relayed_stamp', 'relayed_received'),
}


def joints(time_s: FloatArray) -> FloatArray:
    return HOME + time_s[:, None] * SPEEDS


def made_recording(arm: Arm, **changes: object) -> Recording:
    """Return a recording without a fault, the simulated arm at each target when it is sent."""
    stamps = T0 + PERIOD * np.arange(N, dtype=np.int64)
    q = joints(1e-9 * (stamps - T0))
    good = Recording(
        target_stamp=stamps,
        target_sent=stamps + 10_000,
        targets=forward(arm, q),
        solution_stamp=stamps,
        solution_sent=stamps + 600_000,
        solution_q=q,
        command_sent=stamps + 550_000,
        command_received=stamps + 10_000 + LATENCY,
        command_q=q,
        command_s=np.full(N, 1e-9 * PERIOD),
        joint_stamp=stamps,
        joint_q=q,
        relayed_stamp=stamps,
        relayed_received=stamps + 10_000 + RELAY,
        counts={'SOLVED': N},
        violations={'rejected': 0, 'position_violations': 0, 'speed_violations': 0},
    )
    return replace(good, **changes)
