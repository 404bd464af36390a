# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ways to send a motion: as a stream of short commands, or each motion as a whole."""

from __future__ import annotations

from .following import StartMonitor
from .generation.generator import MotionGenerator
from .output_mode import OutputMode
from .stream_mode import StreamMode
from .tracker_types import STREAM, TRAJECTORY
from .trajectory_mode import TrajectoryMode


def make_output_mode(
    name: str, generator: MotionGenerator, start_monitor: StartMonitor, period_s: float
) -> OutputMode:
    """Return the output mode with a name of ``OUTPUT_MODES``."""
    if name == STREAM:
        return StreamMode(generator, start_monitor, period_s)
    return TrajectoryMode(generator, start_monitor, period_s, repeats=name == TRAJECTORY)
