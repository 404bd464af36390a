# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The algorithm on one screen: check, propose, refine, unwind, judge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kinematics import Arm, Joints, forward, is_same_posture, posture, smallest_singular_value
from .checks import Reach, checked
from .judge import INSIDE, ITERATIONS, POSITION, ROTATION, STEP, Attempt, Judge
from .problem import IkProblem, IkSolution, SolverOptions, refused
from .seeds import CurrentJoints, SeedPredictor, SeedTable
from .status import IkStatus

PATIENCE = {'patient': 10}  # Newton creeps along the valley of a singularity far away
CLOSE_STEP = 0.3  # [rad] an answer this near is the continuation of the current joints


class IkSolver:
    """
    Exact joint angles for one arm from whatever its predictor proposes.

    Deterministic: the same query gives the same answer. Holds no state between calls.
    """

    def __init__(
        self, arm: Arm, predictor: SeedPredictor, options: SolverOptions | None = None
    ) -> None:
        """Prepare the stored seeds (about 10 ms) and, at first use, compile the kernels."""
        self.options = options or SolverOptions()
        if self.options.coupled_limit is not None:
            arm = arm.with_coupled_limit(self.options.coupled_limit)
        self.arm, self.predictor = arm, predictor
        tolerances = (self.options.position_tolerance, self.options.rotation_tolerance)
        self._judge = Judge(arm, tolerances=tolerances)
        self._reach, self._table = Reach(arm), SeedTable(arm)

    def solve(self, transform_base_tool: ArrayLike, q_current: ArrayLike) -> IkSolution:
        """
        Return the joint angles that put the tool on the target, nearest to the current ones.

        :param transform_base_tool: Target pose of the tool in the base, (4, 4), [m].
        :param q_current: Where the arm is, (6,) [rad].
        :return: The answer with its evidence, or a status that says why there is none.
        """
        problem = checked(transform_base_tool, q_current)
        if isinstance(problem, IkStatus):
            return refused(problem)
        if not self._reach.contains(problem.transform_base_tool[:3, 3]):
            return refused(IkStatus.UNREACHABLE)
        signs = posture(self.arm, problem.q_current)
        best, iterations = None, 0
        for seed, q_seeds in self._proposals(problem, signs):
            attempt = self._attempt(problem, q_seeds, patience=PATIENCE.get(seed, 1))
            iterations += int(attempt.evidence[:, ITERATIONS].sum())
            best = self._better(best, self._answers(attempt, signs, q_seeds, seed))
            if self._is_final(best, seed, signs):
                break
            if iterations >= self.options.iteration_budget:
                return refused(IkStatus.OUT_OF_TIME, iterations=iterations)
        if best is None:
            return refused(self._why_none(problem, signs), iterations=iterations)
        return self._judged(replace(best, iterations=iterations))

    def warm_up(self) -> None:
        """Compile and load everything that is otherwise prepared at first use."""
        middle = 0.5 * (self.arm.lower + self.arm.upper)
        target = forward(self.arm, middle)
        self.solve(target, middle)
        self.predictor.predict(np.stack([target, target]), np.stack([middle, middle]))
        self._why_none(
            IkProblem(transform_base_tool=target, q_current=middle), np.ones(3, np.int8)
        )

    def _proposals(
        self, problem: IkProblem, signs: NDArray[np.int8]
    ) -> Iterator[tuple[str, Joints]]:
        """Yield who proposes and the seeds (k, 6): predictor, current joints, other starts."""
        target, q_current = problem.transform_base_tool, problem.q_current
        predict = self.predictor.predict
        yield self.predictor.name, predict(target, q_current)[None]
        if self.predictor.name != CurrentJoints.name:
            yield CurrentJoints.name, q_current[None]
        others = self._table.representatives(signs, target)
        yield 'posture', predict(np.broadcast_to(target, (len(others), 4, 4)), others)
        if self.options.n_restarts > 0:
            restarts = self._table.nearest(target, signs, self.options.n_restarts)
            yield 'restart', restarts
            yield 'patient', restarts[:: self.options.n_restarts // 8 + 1]

    def _attempt(
        self,
        problem: IkProblem,
        q_seeds: Joints,
        *,
        is_limited: bool = True,
        patience: int = 1,
    ) -> Attempt:
        n = len(q_seeds)
        return self._judge.attempt(
            np.tile(problem.transform_base_tool, (n, 1, 1)),
            np.ascontiguousarray(q_seeds, dtype=np.float64),
            np.tile(problem.q_current, (n, 1)),
            max_iterations=patience * self.options.max_iterations,
            is_limited=is_limited,
        )

    def _is_exact(self, attempt: Attempt) -> NDArray[np.bool_]:
        is_exact: NDArray[np.bool_] = (
            attempt.evidence[:, POSITION] <= self.options.position_tolerance
        ) & (attempt.evidence[:, ROTATION] <= self.options.rotation_tolerance)
        return is_exact

    def _answers(
        self, attempt: Attempt, signs: NDArray[np.int8], q_seeds: Joints, seed: str
    ) -> list[IkSolution]:
        """Return the attempts that reach the target inside the limits."""
        is_answer = self._is_exact(attempt) & (attempt.evidence[:, INSIDE] == 1.0)
        is_kept = is_same_posture(attempt.signs, signs)
        return [
            IkSolution(
                status=IkStatus.SOLVED if is_kept[i] else IkStatus.SOLVED_OTHER_POSTURE,
                q=attempt.q[i],
                q_seed=q_seeds[i],
                seed=seed,
                position_error=float(attempt.evidence[i, POSITION]),
                rotation_error=float(attempt.evidence[i, ROTATION]),
                iterations=0,
                largest_step=float(attempt.evidence[i, STEP]),
                smallest_singular_value=math.nan,
            )
            for i in np.flatnonzero(is_answer)
        ]

    @staticmethod
    def _better(best: IkSolution | None, answers: list[IkSolution]) -> IkSolution | None:
        """Return the answer that keeps the posture, then the one with the smallest step."""
        return min(
            [*([best] if best is not None else []), *answers],
            key=lambda answer: (answer.status is not IkStatus.SOLVED, answer.largest_step),
            default=None,
        )

    def _is_final(self, best: IkSolution | None, seed: str, signs: NDArray[np.int8]) -> bool:
        """
        Return whether no later seed is asked.

        Between two postures (a sign is 0) both sides count as kept: then the current joints are
        heard before a jump to the other side.
        """
        if best is None or best.status is not IkStatus.SOLVED:
            return False
        is_first = seed == self.predictor.name != CurrentJoints.name
        if best.largest_step <= CLOSE_STEP or not is_first:
            return True
        return bool((posture(self.arm, best.q) * signs > 0).all())

    def _why_none(self, problem: IkProblem, signs: NDArray[np.int8]) -> IkStatus:
        """Return why no seed led to an answer: try again as if the arm had no limits."""
        seeds = self._table.nearest(problem.transform_base_tool, signs, 16)
        attempt = self._attempt(problem, seeds, is_limited=False)
        is_exact = self._is_exact(attempt)
        return IkStatus.OUTSIDE_LIMITS if is_exact.any() else IkStatus.UNREACHABLE

    def _judged(self, answer: IkSolution) -> IkSolution:
        """Return the answer, or the same evidence under the status that refuses it."""
        margin = float(smallest_singular_value(self.arm, answer.q))
        status = answer.status
        if status is IkStatus.SOLVED_OTHER_POSTURE and not self.options.allow_other_posture:
            status = IkStatus.OTHER_POSTURE
        elif answer.largest_step > self.options.max_joint_step:
            status = IkStatus.STEP_TOO_LARGE
        elif margin < self.options.min_singular_value:
            status = IkStatus.NEAR_SINGULARITY
        q = answer.q if status.is_solved else np.full(6, np.nan)
        return replace(answer, status=status, q=q, smallest_singular_value=margin)
