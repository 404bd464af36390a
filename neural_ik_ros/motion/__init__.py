# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a solution to limited, timed motion of the joints."""

from .generator import MotionGenerator
from .limits import MotionLimitError, MotionLimits, MotionState
from .status import StreamStatus
from .tracker import Command, Output, PoseTracker, Status, TrackerConfig

__all__ = [
    'Command',
    'MotionGenerator',
    'MotionLimitError',
    'MotionLimits',
    'MotionState',
    'Output',
    'PoseTracker',
    'Status',
    'StreamStatus',
    'TrackerConfig',
]
