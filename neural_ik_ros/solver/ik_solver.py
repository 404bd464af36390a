# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The algorithm on one screen: check, propose, refine, unwind, judge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kinematics import N_JOINTS, Arm, ArrayShapeError, ClosedForm, Joints, Transform, forward
from .acceptance import (
    ANY_IS_ENOUGH,
    KEPT_IS_ENOUGH,
    NO_JUMP,
    QUICK,
    STRICT,
    UNREACHABLE,
    admit,
    hear_branches,
    hear_seeds,
)
from .batch import DOCKET, Records, ground_of
from .checks import is_joint_state, make_rigid, numbers
from .failure import explain_branches, explain_seeds
from .nearest import NO_POSE, NearestPose, nearest_pose
from .problem import NO_SEED, IkSolution, IkSolutions, SolverOptions, refused
from .seeds import CurrentJoints, SeedPredictor, SeedTable
from .status import STATUSES, IkStatus

BRANCH = 'branch'
PATIENCE = 10  # Newton creeps along the valley of a singularity far away
N_EXPLAINING = 16  # stored seeds tried without limits to say why there is no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What ends the search after a round, and how many Newton steps a seed gets in it."""

    ending: int
    patience: int


class IkSolver:
    """
    Exact joint angles for one arm from whatever its predictor proposes.

    Deterministic: the same query gives the same answer. Holds no state between calls.
    """

    def __init__(
        self, arm: Arm, predictor: SeedPredictor, options: SolverOptions | None = None
    ) -> None:
        """Prepare the seeds and, at first use, compile the kernels."""
        self.options = options or SolverOptions()
        if self.options.coupled_limit is not None:
            arm = arm.with_coupled_limit(self.options.coupled_limit)
        self.arm, self.predictor = arm, predictor
        self._branches = ClosedForm.of_arm(arm)
        self._ground = ground_of(arm, self._branches.wrist, self.options)
        self._names = self._asked()
        self._rounds = tuple(self._round(who) for who in range(len(self._names)))

    @cached_property
    def _table(self) -> SeedTable:
        """Return the stored seeds, which an arm with exact branches never needs."""
        return SeedTable(self.arm)

    def _asked(self) -> tuple[str, ...]:
        """Return who is asked, one after the other, until a problem is settled."""
        names = [self.predictor.name]
        if self.predictor.name != CurrentJoints.name:
            names.insert(0 if self.options.current_joints_first else 1, CurrentJoints.name)
        if self._branches.is_known:
            names.append(BRANCH)
        if self.options.n_restarts > 0 and not self._branches.is_exact:
            names += ['restart', 'patient']
        return tuple(names)

    def _round(self, who: int) -> Round:
        """Return the rules of a round, which depend on who comes after it."""
        name, patience = self._names[who], self.options.max_iterations
        following, ending = self._names[who + 1 : who + 2], KEPT_IS_ENOUGH
        if following == (CurrentJoints.name,):
            ending = STRICT
        elif following == (self.predictor.name,):
            ending = NO_JUMP
        if name == BRANCH or not following:
            ending = ANY_IS_ENOUGH
        if name == 'patient':
            patience *= PATIENCE
        elif name != BRANCH and BRANCH in self._names[who:]:
            patience = min(patience, QUICK)
        return Round(ending=ending, patience=patience)

    def solve(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> IkSolution:
        """
        Return the joint angles that put the tool on the target, nearest to the current ones.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Where the arm is, (6,) [rad].
        :return: The answer with its evidence, or a status that says why there is none.
        """
        target, q = numbers(transform_base_tool), numbers(q_current)
        if q.shape != (N_JOINTS,):
            return refused(IkStatus.BAD_JOINT_STATE)
        if target.shape != (4, 4):
            return refused(IkStatus.BAD_TARGET)
        return self._solution(self._settled(target[None], q[None]))

    def solve_batch(self, transforms_base_tool: ArrayLike, q_currents: ArrayLike) -> IkSolutions:
        """
        Return what ``solve`` returns for each row, faster.

        :param transforms_base_tool: Shape (n, 4, 4), [m].
        :param q_currents: Shape (n, 6) [rad].
        :raises ArrayShapeError: If the arrays have other shapes.
        """
        targets, q = numbers(transforms_base_tool), numbers(q_currents)
        if targets.ndim != 3 or targets.shape[1:] != (4, 4):
            raise ArrayShapeError('transforms_base_tool', targets.shape, (4, 4))
        if q.shape != (len(targets), N_JOINTS):
            raise ArrayShapeError('q_currents', q.shape, (len(targets), N_JOINTS))
        return self._solutions(self._settled(targets, q))

    def nearest(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> NearestPose:
        """
        Return how near the tool can come to a target that ``solve`` refused, in tens of ms.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Where the arm is, (6,) [rad].
        """
        target, q = numbers(transform_base_tool), numbers(q_current)
        is_question = q.shape == (N_JOINTS,) and target.shape == (4, 4)
        if not (is_question and is_joint_state(q) and make_rigid(target)):
            return NO_POSE
        return nearest_pose(self.arm, self._table, target, q)

    def warm_up(self) -> None:
        """Compile and load everything that is otherwise prepared at first use."""
        middle = 0.5 * (self.arm.lower + self.arm.upper)
        targets, q = np.tile(forward(self.arm, middle), (64, 1, 1)), np.tile(middle, (64, 1))
        self.solve(targets[0], middle)
        self.predictor.predict(targets, q)
        nothing, no_row = np.empty(0, DOCKET), np.empty(0, np.int64)
        for who in range(len(self._names)):
            self._hear(nothing, no_row, who)
        self._explain(nothing, no_row)

    def _settled(self, targets: Transform, q_current: Joints) -> Records:
        """Ask one after the other until every problem has its answer or its reason."""
        docket: Records = np.empty(len(targets), DOCKET)
        rows = np.empty(len(targets), np.int64)
        n_open = admit(self._ground, docket, rows, targets, q_current)
        for who in range(len(self._names)):
            if n_open == 0:
                return docket
            n_open = self._hear(docket, rows[:n_open], who)
        if n_open > 0:
            self._explain(docket, rows[:n_open])
        return docket

    def _hear(self, docket: Records, rows: NDArray[np.int64], who: int) -> int:
        """Let one round propose for the open rows and judge it; return how many stay open."""
        name, rules = self._names[who], self._rounds[who]
        if name == BRANCH:
            return hear_branches(self._ground, docket, rows, who, rules.ending, rules.patience)
        seeds = self._proposals(docket, rows, name)
        return hear_seeds(self._ground, docket, rows, seeds, who, rules.ending, rules.patience)

    def _proposals(self, docket: Records, rows: NDArray[np.int64], name: str) -> Joints:
        """Return the seeds (n_open, k, 6) of one round for the open rows."""
        if name in ('restart', 'patient'):
            n = self.options.n_restarts
            seeds = self._stored(docket, rows, n)
            return np.ascontiguousarray(seeds[:, :: n // 8 + 1]) if name == 'patient' else seeds
        if len(rows) < len(docket):
            docket = docket[rows]
        seeds = docket['q_current']
        if name == self.predictor.name:
            seeds = self.predictor.predict(docket['target'], seeds)
        # A copy of one kind, whatever was proposed: the kernels must not compile for another.
        return np.array(seeds, np.float64, order='C')[:, None]

    def _stored(self, docket: Records, rows: NDArray[np.int64], n: int) -> Joints:
        """Return the nearest stored seeds (n_open, n, 6) of the open rows."""
        table = self._table
        seeds = np.empty((len(rows), n, N_JOINTS))
        for k, row in enumerate(docket[rows]):
            seeds[k] = table.nearest(row['target'], row['signs'], n)
        return seeds

    def _explain(self, docket: Records, rows: NDArray[np.int64]) -> None:
        """Say why no seed led to an answer: try again as if the arm had no limits."""
        patience = self.options.max_iterations
        docket['status'][rows] = UNREACHABLE
        if self._branches.is_known:
            explain_branches(self._ground, docket, rows, patience)
        if not self._branches.is_exact:
            rows = rows[docket['status'][rows] == UNREACHABLE]
            seeds = self._stored(docket, rows, N_EXPLAINING)
            explain_seeds(self._ground, docket, rows, seeds, patience)

    def _solution(self, docket: Records) -> IkSolution:
        """Return the one settled row of a docket as plain data."""
        # One call for all fields of the record, in their order: each by name takes 0.3 us.
        fields: Any = docket.item()
        _, _, q, q_seed, position, rotation, step, margin, iterations, _, code, _, who, _ = fields
        return IkSolution(
            status=STATUSES[code],
            q=q,
            q_seed=q_seed,
            seed=self._names[who] if who >= 0 else NO_SEED,
            position_error=position,
            rotation_error=rotation,
            iterations=iterations,
            max_joint_step=step,
            smallest_singular_value=margin,
        )

    def _solutions(self, docket: Records) -> IkSolutions:
        """Return all settled rows as arrays."""
        return IkSolutions(
            status_codes=docket['status'].copy(),
            seed_codes=docket['who'].copy(),
            seed_names=self._names,
            q=docket['q'].copy(),
            q_seed=docket['q_seed'].copy(),
            position_error=docket['position_error'].copy(),
            rotation_error=docket['rotation_error'].copy(),
            iterations=docket['iterations'].copy(),
            max_joint_step=docket['max_joint_step'].copy(),
            smallest_singular_value=docket['smallest_singular_value'].copy(),
        )
