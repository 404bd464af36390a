# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Builds the solver, the motion generator and the tracker from the node's parameters."""

from __future__ import annotations

from pathlib import Path

from ..api import load_solver
from ..kinematics import Arm
from ..learning.bundle.card import ARM
from ..learning.bundle.storage import load_bundle
from ..motion import MotionGenerator, MotionLimits, PoseTracker
from ..solver import IkSolver, SeedPredictor
from .node_config import NodeConfig


def make_tracker(config: NodeConfig) -> PoseTracker:
    """
    Return the tracker of a configuration, with its bundle loaded and verified.

    Warms up, so that nothing is compiled or loaded lazily in the control loop.

    :raises NeuralIkError: If the bundle or a limit cannot be used.
    """
    solver = load_solver(_bundle(config), options=config.solver_options())
    generator = MotionGenerator(motion_limits(solver.arm, config))
    tracker = PoseTracker(solver, generator, config.tracker_config())
    solver.warm_up()
    generator.warm_up()
    return tracker


def bundle_urdf(config: NodeConfig) -> str:
    """
    Return the description of the bundle's arm.

    :raises BundleError: If the bundle cannot be used.
    """
    return load_bundle(_bundle(config)).files[ARM].decode()


def reconfigure(tracker: PoseTracker, config: NodeConfig, arm: Arm) -> None:
    """
    Give a tracker at rest other settings, or another geometry of its arm.

    Warms up again: a calibrated arm needs stored seeds, which took 3 s with their kernels.
    """
    solver = IkSolver(arm, tracker.solver.predictor, config.solver_options())
    solver.warm_up()
    generator = MotionGenerator(motion_limits(solver.arm, config))
    tracker.reconfigure(solver, generator, config.tracker_config())


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


def _bundle(config: NodeConfig) -> Path | None:
    return Path(config.bundle) if config.bundle else None
