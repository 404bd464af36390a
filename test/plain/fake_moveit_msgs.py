# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The messages of GetPositionIK as plain classes with the same fields.

A test of the ros ring compares the fields with those of moveit_msgs where it is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from neural_ik_ros.interface.messages import fill_pose
from neural_ik_ros.kinematics import Joints, Transform


@dataclass
class Time:
    sec: int = 0
    nanosec: int = 0


@dataclass
class Header:
    stamp: Time = field(default_factory=Time)
    frame_id: str = ''


@dataclass
class Point:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class Quaternion:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 1.0


@dataclass
class Pose:
    position: Point = field(default_factory=Point)
    orientation: Quaternion = field(default_factory=Quaternion)


@dataclass
class PoseStamped:
    header: Header = field(default_factory=Header)
    pose: Pose = field(default_factory=Pose)


@dataclass
class JointState:
    header: Header = field(default_factory=Header)
    name: list[str] = field(default_factory=list)
    position: list[float] = field(default_factory=list)
    velocity: list[float] = field(default_factory=list)
    effort: list[float] = field(default_factory=list)


@dataclass
class MultiDOFJointState:
    header: Header = field(default_factory=Header)
    joint_names: list[str] = field(default_factory=list)
    transforms: list[Any] = field(default_factory=list)
    twist: list[Any] = field(default_factory=list)
    wrench: list[Any] = field(default_factory=list)


@dataclass
class RobotState:
    joint_state: JointState = field(default_factory=JointState)
    multi_dof_joint_state: MultiDOFJointState = field(default_factory=MultiDOFJointState)
    attached_collision_objects: list[Any] = field(default_factory=list)
    is_diff: bool = False


@dataclass
class Constraints:
    name: str = ''
    joint_constraints: list[Any] = field(default_factory=list)
    position_constraints: list[Any] = field(default_factory=list)
    orientation_constraints: list[Any] = field(default_factory=list)
    visibility_constraints: list[Any] = field(default_factory=list)


@dataclass
class PositionIKRequest:
    group_name: str = ''
    robot_state: RobotState = field(default_factory=RobotState)
    constraints: Constraints = field(default_factory=Constraints)
    avoid_collisions: bool = False
    ik_link_name: str = ''
    pose_stamped: PoseStamped = field(default_factory=PoseStamped)
    ik_link_names: list[str] = field(default_factory=list)
    pose_stamped_vector: list[PoseStamped] = field(default_factory=list)
    timeout: Time = field(default_factory=Time)


@dataclass
class MoveItErrorCodes:
    val: int = 0
    message: str = ''
    source: str = ''


@dataclass
class Request:
    ik_request: PositionIKRequest = field(default_factory=PositionIKRequest)


@dataclass
class Response:
    solution: RobotState = field(default_factory=RobotState)
    error_code: MoveItErrorCodes = field(default_factory=MoveItErrorCodes)


def plugin_request(
    transform_base_tool: Transform, q_seed: Joints, joint_names: Sequence[str]
) -> Request:
    """Return what srv_kinematics_plugin sends: no stamp, no timeout, joints of a whole robot."""
    asked = PositionIKRequest(
        group_name='manipulator', avoid_collisions=True, ik_link_name='tool0'
    )
    state = asked.robot_state.joint_state
    state.header.frame_id = 'base_link'
    state.name = ['rail', *reversed(joint_names), 'finger', 'finger_mimic']
    state.position = [0.4, *reversed(q_seed.tolist()), 0.02, -0.02]
    asked.pose_stamped.header.frame_id = 'base_link'
    fill_pose(asked.pose_stamped.pose, transform_base_tool)
    return Request(ik_request=asked)
