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
    'targets': ('target_stamp_ns', 'target_sent_ns', 'targets'),
    'solutions': ('solution_stamp_ns', 'solution_sent_ns', 'solution_q'),
    'trajectories': ('command_sent_ns', 'command_received_ns', 'command_q'),
    'joint states': ('joint_stamp_ns', 'joint_q'),
    'relayed targets': ('relayed_stamp_ns', 'relayed_received_ns'),
}


def joints(time_s: FloatArray) -> FloatArray:
    return HOME + time_s[:, None] * SPEEDS


def made_recording(arm: Arm, **changes: object) -> Recording:
    """Return a recording without a fault, the simulated arm at each target when it is sent."""
    stamps = T0 + PERIOD * np.arange(N, dtype=np.int64)
    q = joints(1e-9 * (stamps - T0))
    good = Recording(
        target_stamp_ns=stamps,
        target_sent_ns=stamps + 10_000,
        targets=forward(arm, q),
        solution_stamp_ns=stamps,
        solution_sent_ns=stamps + 600_000,
        solution_q=q,
        command_sent_ns=stamps + 550_000,
        command_received_ns=stamps + 10_000 + LATENCY,
        command_q=q,
        joint_stamp_ns=stamps,
        joint_q=q,
        relayed_stamp_ns=stamps,
        relayed_received_ns=stamps + 10_000 + RELAY,
        counts={'SOLVED': N},
        violations={'rejected': 0, 'position_violations': 0, 'speed_violations': 0},
    )
    return replace(good, **changes)
