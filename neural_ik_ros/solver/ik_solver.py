# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The algorithm on one screen: validate, propose, refine, unwind, verify."""

from __future__ import annotations

import threading
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
from ..urdf_file import urdf_text
from .batch import SOLVE_STATE, Records, pack_arm, unpack, unpack_row
from .branches import Branch, judged_branches, next_valid
from .checks import is_plausible_joint_state, make_rigid, own_copy
from .classify_failure import classify_by_branches, classify_by_proof, classify_by_seeds
from .nearest_pose import NO_POSE, NearestPose, nearest_pose
from .path import IkPath, Validity, solve_path
from .problem import BRANCH, RESTART, RESTART_LONG, IkSolution, IkSolutions, SolverOptions
from .seeds import CurrentJoints, SeedPredictor, SeedTable, make_stages
from .stages import (
    ITERATION_LIMIT,
    init_batch,
    try_branches,
    try_seeds,
)

N_FAILURE_SEEDS = 16  # stored seeds refined without limits to classify a failure


class IkSolver:
    """
    Exact joint angles for one arm, refined from the seeds of a predictor.

    Deterministic: the same query gives the same answer. Holds no state between calls, may be used
    from several threads, and can be pickled.
    """

    def __init__(
        self, arm: Arm, predictor: SeedPredictor, options: SolverOptions | None = None
    ) -> None:
        """Prepare the stages; kernels compile at first use, see ``warm_up``."""
        self.options = options or SolverOptions()
        if self.options.coupled_limit is not None:
            arm = arm.with_coupled_limit(self.options.coupled_limit)
        self.arm, self.predictor = arm, predictor
        self._measured_arm = arm if arm.uncertainty is not None else None
        self._predictor_lock = threading.Lock()  # engines keep inputs and outputs in themselves
        self._closed_form = ClosedForm.from_arm(arm)
        self._arm_params = pack_arm(arm, self._closed_form, self.options)
        self._stages = make_stages(predictor.name, self._closed_form, self.options)
        self.seed_sources = tuple(stage.source for stage in self._stages)

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
        base: str = 'base_link',
        tip: str = 'tool0',
        prefix: str = '',
        options: SolverOptions | None = None,
    ) -> IkSolver:
        """
        Return a solver for any six-axis arm, without a network: seeds are the current joints.

        :param urdf: Path of a plain URDF file, or its text.
        :param base: Link in which targets are given.
        :param tip: Link whose poses they are, six turning joints away.
        :param prefix: Put before the names of both.
        :raises FileError: If the file cannot be read.
        :raises UrdfError: If there is no such arm; the remedy lists those there are.
        """
        text = urdf_text(urdf)
        arm = arm_from_urdf(text, base_frame=base, tool_frame=tip, prefix=prefix)
        return cls(arm, CurrentJoints(), options)

    def __reduce__(self) -> tuple[type[IkSolver], tuple[Arm, SeedPredictor, SolverOptions]]:
        """Pickle what the solver is made from, for other processes."""
        return type(self), (self.arm, self.predictor, self.options)

    @cached_property
    def _table(self) -> SeedTable:
        """The stored seeds, which an arm with exact branches never needs."""
        return SeedTable(self.arm)

    def solve(
        self,
        transform_base_tool: ArrayLike,
        q_current: ArrayLike,
        *,
        is_valid: Validity | None = None,
    ) -> IkSolution:
        """
        Return the joint angles that put the tool on the target, chosen as acceptance.py says.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Current joints, (6,) [rad].
        :param is_valid: Called with joints (6,); where it returns False, as a collision checker
            may, the next answer is taken.
        :return: The solution with its evidence, or a status that says why there is none.
        :raises ArrayShapeError: If an array has another shape.
        :raises ArrayTypeError: If it does not hold real numbers.
        """
        target = own_copy('transform_base_tool', transform_base_tool, (4, 4))
        q = own_copy('q_current', q_current, (N_JOINTS,))
        batch = self._solve_all(target[None], q[None])
        solution = unpack_row(batch, self.seed_sources, self._measured_arm)
        if is_valid is None or not solution.status.is_solved or is_valid(np.array(solution.q)):
            return solution
        return next_valid(solution, self.branches(target, q), is_valid)

    def solve_batch(self, transforms_base_tool: ArrayLike, q_currents: ArrayLike) -> IkSolutions:
        """
        Return what ``solve`` returns for each row, faster.

        :param transforms_base_tool: Shape (n, 4, 4), [m].
        :param q_currents: Shape (n, 6) [rad].
        :raises ArrayShapeError: If an array has another shape.
        :raises ArrayTypeError: If it does not hold real numbers.
        """
        targets = own_copy('transforms_base_tool', transforms_base_tool, (4, 4), 'n')
        q = own_copy('q_currents', q_currents, (N_JOINTS,), 'n')
        if len(q) != len(targets):
            raise ArrayShapeError('q_currents', q.shape, (len(targets), N_JOINTS), '')
        return unpack(self._solve_all(targets, q), self.seed_sources, self._measured_arm)

    def branches(
        self, transform_base_tool: ArrayLike, q_current: ArrayLike | None = None
    ) -> tuple[Branch, ...]:
        """
        Return all solutions with all their turns, judged, in about a millisecond.

        Those that ``solve`` may return come first, in the order of its rule. Without current
        joints only limits and singularities reject. Of a curve of solutions, at a singularity,
        the nearest point is listed. Complete for exact spherical wrists, else what seeds find.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Current joints, (6,) [rad].
        :return: Nothing for a bad target or joint state, of which ``solve`` says what is wrong.
        :raises ArrayShapeError: If an array has another shape.
        :raises ArrayTypeError: If it does not hold real numbers.
        """
        target = own_copy('transform_base_tool', transform_base_tool, (4, 4))
        q = 0.5 * (self.arm.lower + self.arm.upper)
        if q_current is not None:
            q = own_copy('q_current', q_current, (N_JOINTS,))
        batch, rows = np.empty(1, SOLVE_STATE), np.empty(1, np.int64)
        if init_batch(self._arm_params, batch, rows, target[None], q[None]) == 0:
            return ()
        seeds = [self._solve_all(target[None], q[None])['q'], q[None]]
        if not self._closed_form.is_exact:
            seeds.append(self._table.nearest_each(batch, self.options.n_restarts)[0])
        return judged_branches(
            self.arm, self._arm_params, batch, np.concatenate(seeds), self.options,
            has_current=q_current is not None,
        )  # fmt: skip

    def solve_path(
        self,
        transforms_base_tool: ArrayLike,
        q_current: ArrayLike,
        *,
        is_valid: Validity | None = None,
    ) -> IkPath:
        """
        Return the continuous choice among the branches for a whole path, see path.py.

        The first target may be solved far from the current joints, where the path does not break.

        :param transforms_base_tool: Targets in their order, (n, 4, 4), [m], densely spaced.
        :param q_current: Current joints, (6,) [rad].
        :param is_valid: Whether joints (6,) may be used, as for ``solve``.
        :raises ArrayShapeError: If an array has another shape.
        :raises ArrayTypeError: If it does not hold real numbers.
        """
        targets = own_copy('transforms_base_tool', transforms_base_tool, (4, 4), 'n')
        q = own_copy('q_current', q_current, (N_JOINTS,))
        return solve_path(self, targets, q, is_valid)

    def nearest(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> NearestPose:
        """
        Return the reachable pose nearest to a target without a solution; takes tens of ms.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Current joints, (6,) [rad].
        """
        target = own_copy('transform_base_tool', transform_base_tool, (4, 4))
        q = own_copy('q_current', q_current, (N_JOINTS,))
        is_plausible = is_plausible_joint_state(q, self.arm.lower, self.arm.upper)
        if not (is_plausible and make_rigid(target)):
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
            seeds = self._table.nearest_each(batch[rows], n)
            is_long = source == RESTART_LONG
            return np.ascontiguousarray(seeds[:, :: n // 8 + 1]) if is_long else seeds
        if len(rows) < len(batch):
            batch = batch[rows]
        seeds = batch['q_current']
        if source == self.predictor.name:
            with self._predictor_lock:
                seeds = self.predictor.predict(batch['target'], seeds)
        # A copy of fixed type and layout: the kernels must not compile for another.
        return np.array(seeds, np.float64, order='C')[:, None]

    def _classify_failures(self, batch: Records, rows: NDArray[np.int64]) -> None:
        """Set the status of rows without an answer."""
        max_iterations = self.options.max_iterations
        classify_by_proof(self._arm_params, batch, rows)
        if self._closed_form.is_known:
            classify_by_branches(self._arm_params, batch, rows, max_iterations)
        if not self._closed_form.is_exact:
            rows = rows[batch['status'][rows] == ITERATION_LIMIT]
            seeds = self._table.nearest_each(batch[rows], N_FAILURE_SEEDS)
            classify_by_seeds(self._arm_params, batch, rows, seeds, max_iterations)
