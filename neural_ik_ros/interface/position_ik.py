# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Answers to requests of GetPositionIK; without ROS.

Works on any objects with the fields of the messages. Whatever comes in is answered with a code
and a reason, never with an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from ..kinematics import Joints, Transform, invert, links_fixed_to
from ..solver import IkSolver, IkStatus
from .messages import InvalidMessage, JointReader, PoseTarget, target_from_pose
from .moveit_codes import CODES, MoveItCode

SOURCE = 'neural_ik_ros'
LONGEST_NAME, MANY_LINKS = 64, 8  # in a reason
CONSTRAINTS = tuple(
    f'{kind}_constraints' for kind in ('joint', 'position', 'orientation', 'visibility')
)

ToBase: TypeAlias = Callable[
    [PoseTarget], PoseTarget | InvalidMessage
]  # what TF says, if anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """The arm by the names that requests call it."""

    group: str  # the planning group; empty for any
    joint_names: tuple[str, ...]
    base_frame: str  # of poses, unless they say another one
    base_link: str  # the arm in robot_description
    tool_link: str
    description: str  # robot_description; empty if there is none
    problem: str  # why nothing can be solved for now, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a response says, beside the joints."""

    code: MoveItCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IkQuestion:
    """A request in plain types."""

    transform_base_tool: Transform  # (4, 4) [m]
    q_seed: Joints  # (6,) [rad]


class IkHandler:
    """
    One arm as MoveIt asks for it.

    Deterministic. The time is bounded by the solver's budget of iterations, whatever timeout a
    request names; collisions are left to the caller, who has the scene.
    """

    def __init__(self, solver: IkSolver, robot: Robot, to_base: ToBase) -> None:
        """
        Prepare for requests.

        :param to_base: Asked for frames that are fixed to neither the base nor the tool.
        """
        self._solver, self._robot, self._to_base = solver, robot, to_base
        self._joints = JointReader(robot.joint_names)

    def answer(self, request: Any, response: Any) -> Answer:
        """Fill the response and return what it says."""
        question = self._question(request.ik_request)
        if isinstance(question, Answer):
            answer = question
        else:
            solution = self._solver.solve(question.transform_base_tool, question.q_seed)
            answer = Answer(code=CODES[solution.status], reason=solution.reason)
            if solution.status.is_solved:
                state = response.solution.joint_state
                state.header.frame_id = self._robot.base_frame
                state.name = list(self._robot.joint_names)
                state.position = solution.q.tolist()
        error = response.error_code
        error.val, error.message, error.source = int(answer.code), answer.reason, SOURCE
        return answer

    def _question(self, request: Any) -> IkQuestion | Answer:
        """Return what is asked for, or why it cannot be asked."""
        robot = self._robot
        if robot.group and request.group_name != robot.group:
            name = _quoted(request.group_name)
            reason = f'group {name} is not {robot.group!r} (parameter ik_group)'
            return Answer(code=MoveItCode.INVALID_GROUP_NAME, reason=reason)
        if robot.problem:
            return Answer(code=MoveItCode.FAILURE, reason=robot.problem)
        if any(getattr(request.constraints, kind) for kind in CONSTRAINTS):
            reason = 'constraints are not supported; leave them empty'
            return Answer(code=MoveItCode.INVALID_GOAL_CONSTRAINTS, reason=reason)
        q_seed = self._seed(request.robot_state.joint_state)
        if isinstance(q_seed, Answer):
            return q_seed
        transform_base_tool = self._target(request)
        if isinstance(transform_base_tool, Answer):
            return transform_base_tool
        return IkQuestion(transform_base_tool=transform_base_tool, q_seed=q_seed)

    def _seed(self, joint_state: Any) -> Joints | Answer:
        """Return the joints (6,) [rad] to start from; others in the message do not matter."""
        reading = self._joints.read(joint_state)
        if reading is None:
            reading = InvalidMessage(
                reason=f'none of {", ".join(self._robot.joint_names)} is told'
            )
        if isinstance(reading, InvalidMessage):
            reason = f'robot_state: {reading.reason}'
            return Answer(code=MoveItCode.INVALID_ROBOT_STATE, reason=reason)
        return reading.q

    def _target(self, request: Any) -> Transform | Answer:
        """Return the pose (4, 4) [m] of the tool in the base."""
        links, poses = list(request.ik_link_names), list(request.pose_stamped_vector)
        if max(len(links), len(poses)) > 1:
            reason = f'{len(links)} links and {len(poses)} poses given; this arm has one tip'
            return Answer(code=MoveItCode.INVALID_LINK_NAME, reason=reason)
        tool_links, _ = self._fixed
        link = (links[0] if links else request.ik_link_name) or self._robot.tool_link
        transform_tool_link = tool_links.get(link)
        if transform_tool_link is None:
            known = ', '.join(sorted(tool_links)[:MANY_LINKS])
            reason = f'link {_quoted(link)} is not fixed to the tool, as {known}'
            return Answer(code=MoveItCode.INVALID_LINK_NAME, reason=reason)
        target = target_from_pose(poses[0] if poses else request.pose_stamped)
        if isinstance(target, InvalidMessage):
            return Answer(code=CODES[IkStatus.BAD_TARGET], reason=target.reason)
        target = self._in_base(target)
        if isinstance(target, InvalidMessage):
            return Answer(code=MoveItCode.FRAME_TRANSFORM_FAILURE, reason=target.reason)
        return target.transform @ invert(transform_tool_link)

    def _in_base(self, target: PoseTarget) -> PoseTarget | InvalidMessage:
        """Return a pose as seen from the base; its stamp matters to TF alone."""
        frame, (_, base_links) = target.frame_id.removeprefix('/'), self._fixed
        transform_base_frame = base_links.get(frame)
        if transform_base_frame is not None:
            return replace(target, transform=transform_base_frame @ target.transform)
        placed = self._to_base(target)
        if isinstance(placed, PoseTarget) and placed.frame_id != self._robot.base_frame:
            return InvalidMessage(
                reason=f'frame {_quoted(frame)} is not {self._robot.base_frame!r}, nor is it '
                'fixed to that, and TF is not used (parameter use_tf)'
            )
        return placed

    @cached_property
    def _fixed(self) -> tuple[dict[str, Transform], dict[str, Transform]]:
        """Return ``transform_tool_link`` of all that moves with the tool, and the base's."""
        robot, here = self._robot, np.eye(4)
        tool, base = {robot.tool_link: here}, {robot.base_link: here}
        if robot.description:
            tool, base = links_fixed_to(robot.description, robot.tool_link, robot.base_link)
        return tool, {**base, robot.base_frame: here, '': here}


def _quoted(text: str) -> str:
    """Return a name that somebody has sent, not longer than a name is."""
    return repr(text[:LONGEST_NAME])
