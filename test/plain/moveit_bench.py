# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A handler of GetPositionIK, a request that it solves, and a robot with a gripper in a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from fake_moveit_msgs import Request, Response, plugin_request
from strategies import shipped_arm

from neural_ik_ros.interface.messages import InvalidMessage, PoseTarget
from neural_ik_ros.interface.moveit_codes import MoveItCode
from neural_ik_ros.interface.position_ik import IkReply, PositionIkHandler, RobotNames
from neural_ik_ros.kinematics import Arm, FloatArray, forward
from neural_ik_ros.kinematics.urdf.target_frames import (
    FrameSettings,
    TargetFrames,
    fixed_links,
    target_frames,
)
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

Q_SEED = np.array([0.1, 0.3, 0.2, 0.3, 0.8, 0.1])
Q_TARGET = Q_SEED + np.array([0.2, -0.1, 0.15, 0.2, -0.3, 0.4])


def frames_of(
    description: str = '', base_link: str = 'base_link', tip_link: str = 'tool0', **settings: Any
) -> TargetFrames:
    """Return the frames of an arm in a description, or only its two ends."""
    links = fixed_links(description, base_link=base_link, tip_link=tip_link)
    return target_frames(
        FrameSettings(**settings),
        links,
        base_link=base_link,
        tip_link=tip_link,
        urdf=description,
    )


ANY_POSTURE = SolverOptions(allow_other_posture=True)
ROBOT = RobotNames(
    group='manipulator',
    joint_names=shipped_arm().joint_names,
    frames=frames_of(),
    problem='',
)
GRIPPER = """
  <link name="gripper"/><link name="tcp"/><link name="world"/><link name="camera"/>
  <joint name="a" type="fixed">
    <parent link="tool0"/><child link="gripper"/><origin xyz="0 0 0.1" rpy="0 0.3 0"/>
  </joint>
  <joint name="b" type="fixed">
    <parent link="gripper"/><child link="tcp"/><origin xyz="0.02 0 0.15" rpy="0.1 0 0"/>
  </joint>
  <joint name="c" type="fixed">
    <parent link="world"/><child link="base_link"/><origin xyz="0.5 0 0.8" rpy="0 0 0.7"/>
  </joint>
  <joint name="d" type="fixed"><parent link="link_3"/><child link="camera"/></joint>
</robot>"""


def unused_tf(target: PoseTarget) -> PoseTarget:
    """Do what Frames does where TF is not used."""
    return target


def made_handler(
    *,
    arm: Arm | None = None,
    options: SolverOptions = ANY_POSTURE,
    to_base: Callable[[PoseTarget], PoseTarget | InvalidMessage] = unused_tf,
    **changes: Any,
) -> PositionIkHandler:
    """Return a handler for the shipped arm, or another one, by other names."""
    solver = IkSolver(arm or shipped_arm(), CurrentJoints(), options)
    return PositionIkHandler(solver, replace(ROBOT, **changes), to_base)


def good_request() -> Request:
    """Return a request that is solved."""
    return plugin_request(forward(shipped_arm(), Q_TARGET), Q_SEED, ROBOT.joint_names)


def ask(handler: PositionIkHandler, request: Request) -> tuple[IkReply, Response]:
    """Return what a request is answered with; nothing but a success carries joints."""
    response = Response()
    answer = handler.handle(request, response)
    error = response.error_code
    assert (error.val, error.message) == (answer.code, answer.reason)
    assert error.source == 'neural_ik_ros'
    assert answer.reason
    if answer.code is not MoveItCode.SUCCESS:
        assert response == Response(error_code=error)
    return answer, response


def joints_of(response: Response) -> FloatArray:
    return np.array(response.solution.joint_state.position)
