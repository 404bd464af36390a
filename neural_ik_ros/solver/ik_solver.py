# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The algorithm on one screen: validate, propose, refine, unwind, verify."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kinematics import (
    N_JOINTS,
    Arm,
    ArrayShapeError,
    ClosedForm,
    Joints,
    Transform,
    arm_from_urdf,
    forward,
)
from ..urdf_file import read_urdf
from .acceptance import Acceptance
from .batch import SOLVE_STATE, Records, pack_arm, unpack, unpack_row
from .checks import as_float_array, is_plausible_joint_state, make_rigid
from .classify_failure import classify_by_branches, classify_by_seeds
from .nearest_pose import NO_POSE, NearestPose, nearest_pose
from .problem import IkSolution, IkSolutions, SolverOptions, failure
from .seeds import CurrentJoints, SeedPredictor, SeedTable
from .stages import FEW_ITERATIONS, UNREACHABLE, init_batch, try_branches, try_seeds
from .status import IkStatus

BRANCH, RESTART, RESTART_LONG = 'branch', 'restart', 'restart_long'  # seed sources, see IkSolution
LONG_FACTOR = 10  # times max_iterations: along the valley of a singularity progress is slow
N_FAILURE_SEEDS = 16  # stored seeds refined without limits to classify a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Seed source, acceptance rule and iteration limit of one stage of the search."""

    source: str
    acceptance: int  # an Acceptance, as the plain int that kernels take
    max_iterations: int  # from one seed


class IkSolver:
    """
    Exact joint angles for one arm, refined from the seeds of a predictor.

    Deterministic: the same query gives the same answer. Holds no state between calls.
    """

    def __init__(
        self, arm: Arm, predictor: SeedPredictor, options: SolverOptions | None = None
    ) -> None:
        """Prepare the stages; kernels compile at first use, see ``warm_up``."""
        self.options = options or SolverOptions()
        if self.options.coupled_limit is not None:
            arm = arm.with_coupled_limit(self.options.coupled_limit)
        self.arm, self.predictor = arm, predictor
        self._closed_form = ClosedForm.from_arm(arm)
        self._arm_params = pack_arm(arm, self._closed_form.wrist, self.options)
        self.seed_sources = self._order_of_sources()  # names, in the order in which they are tried
        self._stages = tuple(self._make_stage(index) for index in range(len(self.seed_sources)))

    @classmethod
    def load(
        cls,
        bundle: Path | str | None = None,
        *,
        urdf: Path | str | None = None,
        calibration: Path | str | None = None,
        engine: str = 'litert',
        options: SolverOptions | None = None,
    ) -> IkSolver:
        """
        Return a solver with the network of a bundle, see ``api.load_solver``.

        For users: inside the package ``load_solver`` is called, since this is the one import of a
        higher layer.
        """
        from ..api import load_solver

        return load_solver(
            bundle, urdf=urdf, calibration=calibration, engine=engine, options=options
        )

    @classmethod
    def from_urdf(
        cls,
        urdf: Path | str,
        *,
        base_frame: str = 'base_link',
        tool_frame: str = 'tool0',
        prefix: str = '',
        options: SolverOptions | None = None,
    ) -> IkSolver:
        """
        Return a solver for any six-axis arm, without a network: seeds are the current joints.

        :param urdf: Path of a plain URDF file.
        :param prefix: Put before both frame names.
        :raises FileError: If the file cannot be read.
        :raises UrdfError: If it has no chain of exactly six revolute joints between the frames.
        """
        arm = arm_from_urdf(
            read_urdf(Path(urdf)), base_frame=base_frame, tool_frame=tool_frame, prefix=prefix
        )
        return cls(arm, CurrentJoints(), options)

    @cached_property
    def _table(self) -> SeedTable:
        """The stored seeds, which an arm with exact branches never needs."""
        return SeedTable(self.arm)

    def _order_of_sources(self) -> tuple[str, ...]:
        """Return the names of the seed sources, in the order in which they are tried."""
        sources = [self.predictor.name]
        if self.predictor.name != CurrentJoints.name:
            sources.insert(0 if self.options.current_joints_first else 1, CurrentJoints.name)
        if self._closed_form.is_known:
            sources.append(BRANCH)
        if self.options.n_restarts > 0 and not self._closed_form.is_exact:
            sources += [RESTART, RESTART_LONG]
        return tuple(sources)

    def _make_stage(self, index: int) -> Stage:
        """Return the stage of a source; its rules depend on the sources that follow."""
        source, max_iterations = self.seed_sources[index], self.options.max_iterations
        following, acceptance = self.seed_sources[index + 1 : index + 2], Acceptance.SAME_POSTURE
        if following == (CurrentJoints.name,):
            acceptance = Acceptance.INTERIOR_ONLY
        elif following == (self.predictor.name,):
            acceptance = Acceptance.NO_JUMP
        if source == BRANCH or not following:
            acceptance = Acceptance.ANY_POSTURE
        if source == RESTART_LONG:
            max_iterations *= LONG_FACTOR
        elif source != BRANCH and BRANCH in self.seed_sources[index:]:
            max_iterations = min(max_iterations, FEW_ITERATIONS)
        return Stage(source=source, acceptance=int(acceptance), max_iterations=max_iterations)

    def solve(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> IkSolution:
        """
        Return the joint angles that put the tool on the target, nearest to the current ones.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Current joints, (6,) [rad].
        :return: The solution with its evidence, or a status that says why there is none.
        """
        target, q = as_float_array(transform_base_tool), as_float_array(q_current)
        if q.shape != (N_JOINTS,):
            return failure(IkStatus.BAD_JOINT_STATE)
        if target.shape != (4, 4):
            return failure(IkStatus.BAD_TARGET)
        return unpack_row(self._solve_all(target[None], q[None]), self.seed_sources)

    def solve_batch(self, transforms_base_tool: ArrayLike, q_currents: ArrayLike) -> IkSolutions:
        """
        Return what ``solve`` returns for each row, faster.

        :param transforms_base_tool: Shape (n, 4, 4), [m].
        :param q_currents: Shape (n, 6) [rad].
        :raises ArrayShapeError: If the arrays have other shapes.
        """
        targets, q = as_float_array(transforms_base_tool), as_float_array(q_currents)
        if targets.ndim != 3 or targets.shape[1:] != (4, 4):
            raise ArrayShapeError('transforms_base_tool', targets.shape, (4, 4))
        if q.shape != (len(targets), N_JOINTS):
            raise ArrayShapeError('q_currents', q.shape, (len(targets), N_JOINTS))
        return unpack(self._solve_all(targets, q), self.seed_sources)

    def nearest(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> NearestPose:
        """
        Return the reachable pose nearest to a target without a solution; takes tens of ms.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Current joints, (6,) [rad].
        """
        target, q = as_float_array(transform_base_tool), as_float_array(q_current)
        has_shapes = q.shape == (N_JOINTS,) and target.shape == (4, 4)
        if not (has_shapes and is_plausible_joint_state(q) and make_rigid(target)):
            return NO_POSE
        return nearest_pose(self.arm, self._table, target, q)

    def warm_up(self) -> None:
        """Compile and load everything that is otherwise prepared at first use."""
        middle = 0.5 * (self.arm.lower + self.arm.upper)
        targets, q = np.tile(forward(self.arm, middle), (64, 1, 1)), np.tile(middle, (64, 1))
        self.solve(targets[0], middle)
        self.predictor.predict(targets, q)
        no_problem, no_row = np.empty(0, SOLVE_STATE), np.empty(0, np.int64)
        for index in range(len(self._stages)):
            self._run_stage(no_problem, no_row, index)
        self._classify_failures(no_problem, no_row)

    def _solve_all(self, targets: Transform, q_current: Joints) -> Records:
        """Run the stages until every problem has a solution or a reason why not."""
        batch: Records = np.empty(len(targets), SOLVE_STATE)
        rows = np.empty(len(targets), np.int64)
        n_open = init_batch(self._arm_params, batch, rows, targets, q_current)
        for index in range(len(self._stages)):
            if n_open == 0:
                return batch
            n_open = self._run_stage(batch, rows[:n_open], index)
        if n_open > 0:
            self._classify_failures(batch, rows[:n_open])
        return batch

    def _run_stage(self, batch: Records, rows: NDArray[np.int64], index: int) -> int:
        """Try the seeds of one stage on the open rows; return how many stay open."""
        stage, arm = self._stages[index], self._arm_params
        if stage.source == BRANCH:
            return try_branches(arm, batch, rows, index, stage.acceptance, stage.max_iterations)
        seeds = self._seeds(batch, rows, stage.source)
        return try_seeds(arm, batch, rows, seeds, index, stage.acceptance, stage.max_iterations)

    def _seeds(self, batch: Records, rows: NDArray[np.int64], source: str) -> Joints:
        """Return the seeds (n_open, k, 6) of a source for the open rows."""
        if source in (RESTART, RESTART_LONG):
            n = self.options.n_restarts
            seeds = self._stored_seeds(batch, rows, n)
            is_long = source == RESTART_LONG
            return np.ascontiguousarray(seeds[:, :: n // 8 + 1]) if is_long else seeds
        if len(rows) < len(batch):
            batch = batch[rows]
        seeds = batch['q_current']
        if source == self.predictor.name:
            seeds = self.predictor.predict(batch['target'], seeds)
        # A copy of fixed type and layout: the kernels must not compile for another.
        return np.array(seeds, np.float64, order='C')[:, None]

    def _stored_seeds(self, batch: Records, rows: NDArray[np.int64], n: int) -> Joints:
        """Return the nearest stored seeds (n_open, n, 6) of the open rows."""
        table = self._table
        seeds = np.empty((len(rows), n, N_JOINTS))
        for k, row in enumerate(batch[rows]):
            seeds[k] = table.nearest(row['target'], row['signs'], n)
        return seeds

    def _classify_failures(self, batch: Records, rows: NDArray[np.int64]) -> None:
        """Set the status of rows without a solution: outside the limits, or unreachable."""
        max_iterations = self.options.max_iterations
        batch['status'][rows] = UNREACHABLE
        if self._closed_form.is_known:
            classify_by_branches(self._arm_params, batch, rows, max_iterations)
        if not self._closed_form.is_exact:
            rows = rows[batch['status'][rows] == UNREACHABLE]
            seeds = self._stored_seeds(batch, rows, N_FAILURE_SEEDS)
            classify_by_seeds(self._arm_params, batch, rows, seeds, max_iterations)
