# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm that follows the handle: solver and motion limits, without the browser."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from ..interface.factory import motion_limits
from ..interface.node_config import NodeConfig
from ..kinematics import (
    TAU,
    Joints,
    Transform,
    forward,
    pose_error,
    random_joints,
    smallest_singular_value,
)
from ..motion.generation.generator import MotionGenerator
from ..simulation.paths import CartesianPath, PathConfig
from ..solver import Branch, IkSolution, IkSolver
from .home import home_joints

SAME_ARM = 1e-4  # [rad] joints modulo turns that look the same
PATH_SHARE = 0.35  # size of the path, of the distance from base to tool
PATH_SPEED = 0.5  # sizes of the path a second
MAX_STEP_S = 0.1  # that the motion advances at once after a pause of the loop


@dataclass(slots=True, kw_only=True)
class ViewOptions:
    """What the person in front of the browser has chosen."""

    motion_limits: bool = True  # move as the node commands it; off: jump to the answer
    network_first: bool = False  # ask the network first; the node asks the current joints first
    other_postures: bool = True  # allow them far from the current joints
    branches: bool = True  # show every solution
    proposal: bool = True  # show what the network proposes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What is drawn in one frame."""

    q: Joints  # (6,) [rad] of the arm
    transform_base_target: Transform  # (4, 4) [m]
    solution: IkSolution
    solve_us: float  # [us] wall time of the solver
    branches: tuple[Branch, ...]  # one of each that differ by turns only, those to take first
    q_proposal: Joints | None  # (6,) [rad] of the network, not refined
    proposal_error: tuple[float, float]  # [m], [rad] of the proposal, NaN without one
    is_moving: bool
    singular_value: float  # of the Jacobian at q, the smallest


class ArmFollower:
    """
    Holds a target and the joints that answer it; ``step`` advances both by one frame.

    Used by one thread. Targets are poses of the arm's tip in its base.
    """

    def __init__(self, solver: IkSolver, options: ViewOptions, q_home: Joints | None = None):
        """
        Start at rest at home, with the target where the tool is.

        :param q_home: Shape (6,) [rad]; by default with the tool down in front of the arm.
        """
        self.arm, self.options = solver.arm, options
        self._solvers = {
            (first, other): IkSolver(
                solver.arm,
                solver.predictor,
                replace(solver.options, current_joints_first=not first, allow_other_posture=other),
            )
            for first in (False, True)
            for other in (False, True)
        }
        self.has_network = solver.predictor.name == 'network'
        self.q_home = home_joints(solver) if q_home is None else np.array(q_home, dtype=float)
        self._generator = MotionGenerator(motion_limits(solver.arm, NodeConfig()))
        self._generator.reset(self.q_home)
        self._rng = np.random.default_rng()
        self._path: CartesianPath | None = None
        self._path_s, self._path_start = 0.0, np.eye(4)
        self._asked: tuple[object, ...] = ()
        self._go_to(self.q_home)

    @property
    def is_on_path(self) -> bool:
        """Whether the target moves along the path by itself."""
        return self._path is not None

    def set_target(self, transform_base_tool: Transform) -> None:
        """Take a target (4, 4) [m] from the handle; ends the path."""
        self._path = None
        self.target = np.array(transform_base_tool)

    def go_home(self) -> None:
        """Move to the home joints."""
        self._go_to(self.q_home)

    def go_to_random_target(self) -> None:
        """Set the pose of random joints as the target."""
        self.set_target(forward(self.arm, random_joints(self.arm, self._rng, 1)[0]))

    def go_to_next_posture(self) -> None:
        """Move to the solution of the target after the present one, if there is another."""
        self._refresh()
        usable = [branch.q for branch in self._branches if is_within_reach_of_a_move(branch)]
        if len(usable) < 2:
            return
        order = sorted(usable, key=lambda q: tuple(np.round(_wrapped(q), 3)))
        distances = [np.abs(_wrapped(q - self.q_goal)).max() for q in order]
        self._q_goal_is(order[(int(np.argmin(distances)) + 1) % len(order)])
        self._refresh()

    def start_path(self) -> None:
        """Move the target along a lemniscate around where it is; once more: stop."""
        if self._path is not None:
            self._path = None
            return
        size = PATH_SHARE * float(np.linalg.norm(self.target[:3, 3]))
        config = PathConfig(
            size=max(size, 0.05), speed=PATH_SPEED * max(size, 0.05), centre=(0.0,) * 3
        )
        self._path, self._path_s, self._path_start = CartesianPath(config), 0.0, self.target

    def step(self, dt: float) -> Snapshot:
        """Advance by ``dt`` seconds and return what to draw."""
        if self._path is not None:
            self._path_s += dt
            self.target = self._path_start.copy()
            self.target[:3, 3] += self._path.transform(self._path_s)[:3, 3]
        self._refresh()
        self._move(dt)
        q = self._generator.state.q.copy()
        return Snapshot(
            q=q,
            transform_base_target=self.target,
            solution=self.solution,
            solve_us=self._solve_us,
            branches=self._branches,
            q_proposal=self._q_proposal,
            proposal_error=self._proposal_error,
            is_moving=not self._generator.is_at_rest,
            singular_value=float(smallest_singular_value(self.arm, q)),
        )

    def _move(self, dt: float) -> None:
        if self.options.motion_limits:
            if not self._generator.is_at_rest:
                self._generator.advance(min(dt, MAX_STEP_S))
        elif not np.array_equal(self._generator.state.q, self.q_goal):
            self._generator.reset(self.q_goal)

    def _go_to(self, q: Joints) -> None:
        self.set_target(forward(self.arm, q))
        self._q_goal_is(q)

    def _q_goal_is(self, q: Joints) -> None:
        self.q_goal = np.array(q)
        self._generator.set_goal(self.q_goal, interval_s=0.0)
        self._asked = ()

    def _refresh(self) -> None:
        """Solve the target if it, or an option, has changed since."""
        options = self.options
        question = (
            self.target.tobytes(), options.network_first, options.other_postures,
            options.branches, options.proposal,
        )  # fmt: skip
        if question == self._asked:
            return
        solver = self._solvers[options.network_first, options.other_postures]
        start = time.perf_counter()
        self.solution = solver.solve(self.target, self.q_goal)
        self._solve_us = 1e6 * (time.perf_counter() - start)
        self._look_around(solver)
        if self.solution.status.is_solved:
            self._q_goal_is(self.solution.q)
        self._asked = question

    def _look_around(self, solver: IkSolver) -> None:
        """Ask for the other solutions and for the network's proposal, where they are shown."""
        self._branches: tuple[Branch, ...] = ()
        if self.options.branches:
            self._branches = without_turns(solver.branches(self.target, self.q_goal))
        self._q_proposal, self._proposal_error = None, (np.nan, np.nan)
        if self.options.proposal and self.has_network:
            proposal = solver.predictor.predict(self.target[None], self.q_goal[None])[0]
            if np.isfinite(proposal).all():
                distance, angle = pose_error(forward(self.arm, proposal), self.target)
                self._q_proposal = proposal.astype(np.float64)
                self._proposal_error = float(distance), float(angle)


def is_within_reach_of_a_move(branch: Branch) -> bool:
    """Whether the arm can go to a solution, if only in a move of its own."""
    return branch.status.is_solved or branch.status.name == 'OTHER_POSTURE'


def without_turns(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """Return the first of all solutions that differ by whole turns only, which look the same."""
    kept: list[Branch] = []
    for branch in branches:
        if all(np.abs(_wrapped(branch.q - other.q)).max() > SAME_ARM for other in kept):
            kept.append(branch)
    return tuple(kept)


def _wrapped(q: Joints) -> Joints:
    """Return angles between -pi and pi."""
    return (q + 0.5 * TAU) % TAU - 0.5 * TAU
