# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Builds the solver, the motion generator and the tracker from the node's parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..api import bundle_urdf, calibrator, load_solver
from ..errors import ConfigError
from ..kinematics import Arm, arm_from_urdf, invert
from ..kinematics.urdf.target_frames import TargetFrames
from ..motion import MotionGenerator, MotionLimits, PoseTracker
from ..motion.tool.limits import ToolLimits
from ..solver import CurrentJoints, IkSolver, SeedPredictor
from ..urdf_file import read_urdf
from .description_check import DescriptionCheck, add_prefix
from .node_config import NodeConfig

TIP = 'tool0'  # where no tool_frame is given


def make_tracker(config: NodeConfig, robot_description: str = '') -> PoseTracker:
    """
    Return the tracker of a configuration, with its bundle, or its URDF, loaded and verified.

    Warms up, so that nothing is compiled or loaded lazily in the control loop.

    :param robot_description: What has been received, for a configuration that takes its arm.
    :raises NeuralIkError: If the bundle, the URDF or a limit cannot be used.
    """
    options = config.solver_options()
    if config.urdf:
        solver = IkSolver(_arm_of_urdf(config, robot_description), CurrentJoints(), options)
    else:
        solver = load_solver(
            _bundle(config), calibration=config.calibration or None, options=options
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
    if config.urdf:
        return CurrentJoints()
    return load_solver(_bundle(config)).predictor


def make_service_solver(arm: Arm, predictor: SeedPredictor, config: NodeConfig) -> IkSolver:
    """Return the solver for GetPositionIK, whose seeds need not be where the arm is."""
    return IkSolver(arm, predictor, config.service_options())


def motion_limits(arm: Arm, config: NodeConfig) -> MotionLimits:
    """
    Return the limits of the arm combined with those of the configuration.

    :raises ConfigError: If neither has the velocity limit of a joint.
    """
    wanted = np.array(config.max_velocity)
    velocity = np.minimum(arm.velocity, np.where(wanted > 0.0, wanted, math.inf))
    unlimited = [arm.joint_names[i] for i in np.flatnonzero(np.isinf(velocity))]
    if unlimited:
        problem = f'the URDF has no velocity limit of {", ".join(unlimited)}'
        raise ConfigError('max_velocity', problem, 'set six limits in rad/s')
    return MotionLimits.from_arm(
        replace(arm, velocity=velocity),
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


def description_check(
    arm: Arm, config: NodeConfig, robot_description: str = ''
) -> DescriptionCheck:
    """
    Return the check of robot_description against the arm that is solved for.

    :param arm: The arm to solve for without a description, calibrated or not.
    :param robot_description: As for ``make_tracker``.
    :raises NeuralIkError: If the bundle, or a frame of the configuration, cannot be used.
    """
    if config.urdf:
        text = _urdf_text(config, robot_description)
    else:
        text = add_prefix(bundle_urdf(_bundle(config)), config.prefix)
    return DescriptionCheck(
        arm,
        mode=config.robot_description_mode,
        tolerance=config.robot_description_tolerance_m,
        settings=config.frame_settings(),
        bundle_urdf=text,
        calibrate=_calibrator(config),
    )


def _arm_of_urdf(config: NodeConfig, robot_description: str) -> Arm:
    """Return the arm between the frames of the configuration; its names are without the prefix."""
    prefix, base, tip = config.prefix, config.base_frame, config.tool_frame or TIP
    text = _urdf_text(config, robot_description)
    make_arm = _calibrator(config) or arm_from_urdf
    arm = make_arm(text, base_frame=prefix + base, tool_frame=prefix + tip)
    other = [name for name in arm.joint_names if not name.startswith(prefix)]
    if other:
        raise ConfigError(
            'prefix', f'joint {other[0]!r} does not start with {prefix!r}', 'name it'
        )
    names = tuple(name.removeprefix(prefix) for name in arm.joint_names)
    return replace(arm, base_frame=base, tool_frame=tip, joint_names=names)


def _calibrator(config: NodeConfig) -> Callable[..., Arm] | None:
    if not config.calibration:
        return None
    return calibrator(config.calibration, prefix=config.prefix)


def _urdf_text(config: NodeConfig, robot_description: str) -> str:
    if not config.takes_received_arm:
        return read_urdf(Path(config.urdf).expanduser())
    if not robot_description:
        problem = 'no robot_description has been received, which urdf says to wait for'
        raise ConfigError('urdf', problem, 'publish it, or give the path of a URDF')
    return robot_description


def _bundle(config: NodeConfig) -> Path | None:
    return Path(config.bundle) if config.bundle else None
