# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From solutions to jerk-limited, timed commands of the joints."""

from .generation.generator import MotionGenerator
from .generation.limits import MotionLimits, MotionState
from .generation.plan import Plan
from .status import StreamStatus
from .tracker import PoseTracker, TrackerState
from .tracker_types import (
    ACTION,
    MAX_STREAM_POINTS,
    OUTPUT_MODES,
    TRAJECTORY,
    Command,
    Deviation,
    Health,
    Output,
    Status,
    TrackerConfig,
)

__all__ = [
    'ACTION',
    'MAX_STREAM_POINTS',
    'OUTPUT_MODES',
    'TRAJECTORY',
    'Command',
    'Deviation',
    'Health',
    'MotionGenerator',
    'MotionLimits',
    'MotionState',
    'Output',
    'Plan',
    'PoseTracker',
    'Status',
    'StreamStatus',
    'TrackerConfig',
    'TrackerState',
]
