# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Builds the solver, the motion generator and the tracker from the node's parameters."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..api import bundle_urdf, calibrator, load_solver
from ..kinematics import Arm, invert
from ..kinematics.target_frames import TargetFrames
from ..motion import MotionGenerator, MotionLimits, PoseTracker
from ..motion.tool.limits import ToolLimits
from ..solver import IkSolver, SeedPredictor
from .description_check import DescriptionCheck
from .node_config import NodeConfig


def make_tracker(config: NodeConfig) -> PoseTracker:
    """
    Return the tracker of a configuration, with its bundle loaded and verified.

    Warms up, so that nothing is compiled or loaded lazily in the control loop.

    :raises NeuralIkError: If the bundle or a limit cannot be used.
    """
    solver = load_solver(
        _bundle(config), calibration=config.calibration or None, options=config.solver_options()
    )
    generator = MotionGenerator(motion_limits(solver.arm, config))
    tracker = PoseTracker(solver, generator, config.tracker_config())
    tracker.warm_up()
    return tracker


def reconfigure(tracker: PoseTracker, config: NodeConfig, arm: Arm) -> None:
    """
    Give a tracker at rest other settings, or another geometry of its arm.

    Warms up again: a calibrated arm needs stored seeds, which took 3 s with their kernels.
    """
    solver = IkSolver(arm, tracker.solver.predictor, config.solver_options())
    generator = MotionGenerator(motion_limits(solver.arm, config))
    tracker.reconfigure(solver, generator, config.tracker_config())
    tracker.warm_up()


def load_predictor(config: NodeConfig) -> SeedPredictor:
    """
    Return another instance of the network, for another thread: engines are not thread-safe.

    :raises NeuralIkError: If the bundle cannot be used.
    """
    return load_solver(_bundle(config)).predictor


def make_service_solver(arm: Arm, predictor: SeedPredictor, config: NodeConfig) -> IkSolver:
    """Return the solver for GetPositionIK, whose seeds need not be where the arm is."""
    return IkSolver(arm, predictor, config.service_options())


def motion_limits(arm: Arm, config: NodeConfig) -> MotionLimits:
    """Return the limits of the arm combined with those of the configuration."""
    return MotionLimits.from_arm(
        arm,
        acceleration=config.max_acceleration,
        jerk=config.max_jerk,
        velocity_scaling_factor=config.velocity_scaling_factor,
    )


def tool_limits(arm: Arm, frames: TargetFrames, config: NodeConfig) -> ToolLimits | None:
    """Return the limits of the tool, ready to be used, or None if none are set."""
    if not config.max_tool_speed_m_s and not config.has_workspace:
        return None
    lower, upper = np.full(3, -math.inf), np.full(3, math.inf)
    if config.has_workspace:
        lower, upper = np.array(config.workspace_lower_m), np.array(config.workspace_upper_m)
    limits = ToolLimits(
        arm=arm,
        max_speed=config.max_tool_speed_m_s or math.inf,
        lower=lower,
        upper=upper,
        transform_box_base=invert(frames.links.base.get(frames.base_frame, np.eye(4))),
        transform_tip_tool=frames.transform_tip_tool,
    )
    limits.contains(arm.lower)  # compiles
    return limits


def description_check(arm: Arm, config: NodeConfig) -> DescriptionCheck:
    """
    Return the check of robot_description against the arm of the bundle.

    :param arm: The arm to solve for without a description: of the bundle, calibrated or not.
    :raises NeuralIkError: If the bundle, or a frame of the configuration, cannot be used.
    """
    return DescriptionCheck(
        arm,
        mode=config.robot_description_mode,
        tolerance=config.robot_description_tolerance_m,
        settings=config.frame_settings(),
        bundle_urdf=bundle_urdf(_bundle(config)),
        calibrate=calibrator(config.calibration, prefix=config.prefix)
        if config.calibration
        else None,
    )


def _bundle(config: NodeConfig) -> Path | None:
    return Path(config.bundle) if config.bundle else None
