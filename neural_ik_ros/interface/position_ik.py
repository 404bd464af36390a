# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Handles requests of GetPositionIK; without ROS.

Works on any objects with the fields of the messages. Every request is answered with a code and a
reason, never with an exception.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..kinematics import Joints, Transform, invert
from ..kinematics.urdf.target_frames import TargetFrames, quoted
from ..kinematics.urdf.tree import listed
from ..solver import IkSolution, IkSolver, IkStatus
from .messages import InvalidMessage, JointReader, PoseTarget, target_from_pose
from .moveit_codes import CODE_OF_STATUS, MoveItCode

SOURCE = 'neural_ik_ros'
CONSTRAINTS = tuple(
    f'{kind}_constraints' for kind in ('joint', 'position', 'orientation', 'visibility')
)

TransformToBase: TypeAlias = Callable[[PoseTarget], PoseTarget | InvalidMessage]  # through TF
# Whether the arm may be at joints (6,) [rad], given the request and the joints' names there; None
# if nobody can tell.
ValidityCheck: TypeAlias = Callable[[Any, Sequence[str], Joints], bool | None]
UNCHECKED = 'collisions were not checked: {reason}'
NO_SERVICE = 'the parameter ik_validity_service is empty'
NO_ANSWER = 'no answer from the service that ik_validity_service names'


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotNames:
    """The names that requests use for the arm and its frames."""

    group: str  # the planning group; empty for any
    joint_names: tuple[str, ...]
    frames: TargetFrames  # and links that poses may be given in and for
    problem: str  # why nothing can be solved at present; empty if all is well


@dataclass(frozen=True, slots=True, kw_only=True)
class IkReply:
    """The content of a response beside the joints."""

    code: MoveItCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IkQuery:
    """A valid request in plain types."""

    transform_base_tip: Transform  # (4, 4) [m]
    q_seed: Joints  # (6,) [rad]


class PositionIkHandler:
    """
    Solves requests for one arm.

    Deterministic. The solver's iteration budget bounds the time, whatever timeout a request gives.
    Collisions are checked by whoever has the planning scene; the next answer of the solver's rule
    follows one that collides.
    """

    def __init__(
        self,
        solver: IkSolver,
        robot: RobotNames,
        to_base: TransformToBase,
        check_validity: ValidityCheck | None = None,
    ) -> None:
        """
        Prepare for requests.

        :param to_base: Transforms poses in frames that are not fixed to the base.
        :param check_validity: For requests that avoid collisions; None to leave that to callers.
        """
        self._solver, self._robot, self._to_base = solver, robot, to_base
        self._check_validity = check_validity
        self._joints = JointReader(robot.joint_names)

    def handle(self, request: Any, response: Any) -> IkReply:
        """Fill the response and return its code and reason."""
        query = self._query(request.ik_request)
        if isinstance(query, IkReply):
            reply = query
        else:
            solution, remark = self._solve(query, request.ik_request)
            reason = f'{solution.reason}{remark}'
            reply = IkReply(code=CODE_OF_STATUS[solution.status], reason=reason)
            if solution.status.is_solved:
                state = response.solution.joint_state
                state.header.frame_id = self._robot.frames.base_frame
                state.name = list(self._robot.joint_names)
                state.position = solution.q.tolist()
        fill_code(response, reply)
        return reply

    def _solve(self, query: IkQuery, request: Any) -> tuple[IkSolution, str]:
        """Return the solution, and what has to be said about collisions, if anything."""
        target, q_seed, check = query.transform_base_tip, query.q_seed, self._check_validity
        if not request.avoid_collisions:
            return self._solver.solve(target, q_seed), ''
        if check is None:
            solution = self._solver.solve(target, q_seed)
            return solution, _remark(solution, NO_SERVICE)
        is_answered = True

        def is_valid(q: Joints) -> bool:
            nonlocal is_answered
            verdict = check(request, self._robot.joint_names, q) if is_answered else None
            is_answered = verdict is not None
            return verdict is not False

        solution = self._solver.solve(target, q_seed, is_valid=is_valid)
        return solution, '' if is_answered else _remark(solution, NO_ANSWER)

    def _query(self, request: Any) -> IkQuery | IkReply:
        """Return the request in plain types, or the reply that refuses it."""
        robot = self._robot
        if robot.group and request.group_name != robot.group:
            name = quoted(request.group_name)
            reason = f'group {name} is not {robot.group!r} (parameter ik_group)'
            return IkReply(code=MoveItCode.INVALID_GROUP_NAME, reason=reason)
        if robot.problem:
            return IkReply(code=MoveItCode.FAILURE, reason=robot.problem)
        if any(getattr(request.constraints, kind) for kind in CONSTRAINTS):
            reason = 'constraints are not supported; leave them empty'
            return IkReply(code=MoveItCode.INVALID_GOAL_CONSTRAINTS, reason=reason)
        q_seed = self._seed(request.robot_state.joint_state)
        if isinstance(q_seed, IkReply):
            return q_seed
        transform_base_tip = self._target(request)
        if isinstance(transform_base_tip, IkReply):
            return transform_base_tip
        return IkQuery(transform_base_tip=transform_base_tip, q_seed=q_seed)

    def _seed(self, joint_state: Any) -> Joints | IkReply:
        """Return the joints (6,) [rad] to start from; other joints in the message are ignored."""
        reading = self._joints.read(joint_state)
        if reading is None:
            reading = InvalidMessage(
                reason=f'none of {", ".join(self._robot.joint_names)} is given'
            )
        if isinstance(reading, InvalidMessage):
            reason = f'robot_state: {reading.reason}'
            return IkReply(code=MoveItCode.INVALID_ROBOT_STATE, reason=reason)
        return reading.q

    def _target(self, request: Any) -> Transform | IkReply:
        """Return ``transform_base_tip`` (4, 4) [m], or the reply that refuses the request."""
        links, poses = list(request.ik_link_names), list(request.pose_stamped_vector)
        if max(len(links), len(poses)) > 1:
            reason = f'{len(links)} links and {len(poses)} poses given; this arm has one tip'
            return IkReply(code=MoveItCode.INVALID_LINK_NAME, reason=reason)
        transform_tip_link = self._link(links[0] if links else request.ik_link_name)
        if isinstance(transform_tip_link, IkReply):
            return transform_tip_link
        target = target_from_pose(poses[0] if poses else request.pose_stamped)
        if isinstance(target, InvalidMessage):
            return IkReply(code=CODE_OF_STATUS[IkStatus.BAD_TARGET], reason=target.reason)
        target = self._in_known_frame(target)
        if isinstance(target, InvalidMessage):
            return IkReply(code=MoveItCode.FRAME_TRANSFORM_FAILURE, reason=target.reason)
        in_base = self._robot.frames.in_base(target.transform, target.frame_id)
        return in_base @ invert(transform_tip_link)

    def _link(self, name: str) -> Transform | IkReply:
        """Return ``transform_tip_link`` (4, 4) [m]; of the tool's tip if there is no name."""
        frames = self._robot.frames
        if not name:
            return frames.transform_tip_tool
        transform_tip_link = frames.links.tip.get(name)
        if transform_tip_link is None:
            known = listed(frames.links.tip)
            reason = f'link {quoted(name)} is not fixed to the tip of the arm, unlike {known}'
            return IkReply(code=MoveItCode.INVALID_LINK_NAME, reason=reason)
        return transform_tip_link

    def _in_known_frame(self, target: PoseTarget) -> PoseTarget | InvalidMessage:
        """Return a pose in a frame fixed to the base; its stamp matters only if TF is used."""
        frames = self._robot.frames
        if not target.frame_id:
            return replace(target, frame_id=frames.base_frame)
        if target.frame_id in frames:
            return target
        in_base = self._to_base(target)
        if isinstance(in_base, PoseTarget) and in_base.frame_id not in frames:
            return InvalidMessage(reason=frames.unknown(in_base.frame_id))
        return in_base


def _remark(solution: IkSolution, reason: str) -> str:
    return f'; {UNCHECKED.format(reason=reason)}' if solution.status.is_solved else ''


def state_with(robot_state: Any, joint_names: Sequence[str], q: Joints) -> Any:
    """Return a copy of a ``RobotState`` with the arm at joints (6,) [rad], at rest."""
    state = copy.deepcopy(robot_state)
    before = state.joint_state
    positions = dict(zip(before.name, before.position, strict=False))
    positions.update(zip(joint_names, q.tolist(), strict=True))
    before.name, before.position = list(positions), list(positions.values())
    before.velocity, before.effort = [], []
    return state


def fill_code(response: Any, reply: IkReply) -> None:
    """Write code and reason into a response."""
    error = response.error_code
    error.val, error.message, error.source = int(reply.code), reply.reason, SOURCE
