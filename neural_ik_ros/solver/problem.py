# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Options and results of the solver, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..kinematics import (
    Arm,
    CoupledLimit,
    FloatArray,
    Joints,
    PredictedAccuracy,
    predicted_accuracy,
)
from .status import STATUSES, IkStatus

NO_SEED = 'none'
BRANCH, RESTART, RESTART_LONG = 'branch', 'restart', 'restart_long'  # seed sources, see IkSolution
IS_SOLVED = np.array([status.is_solved for status in STATUSES])


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverOptions:
    """What counts as solved, and the limits of the search."""

    position_tolerance: float = 1e-9  # [m]
    rotation_tolerance: float = 1e-9  # [rad]
    allow_other_posture: bool = False  # for answers that are not near, see acceptance.py
    current_joints_first: bool = False  # the predictor only if they, and branches, find nothing
    max_joint_step: float = math.inf  # [rad] from the current joints, for every joint
    min_singular_value: float = 0.0  # of the Jacobian; 0 accepts singularities
    max_iterations: int = 30  # of the refinement, from one seed
    iteration_budget: int = 8000  # for one target, over all seeds
    n_restarts: int = 96  # stored seeds tried after the other seeds, without exact branches
    coupled_limit: CoupledLimit | None = None  # on the sum of two joints; replaces that of the arm

    def __post_init__(self) -> None:
        """
        Check the ranges.

        :raises ConfigError: If an option lies outside its range.
        """
        for name in ('position_tolerance', 'rotation_tolerance'):
            if not 1e-12 <= getattr(self, name) <= 1e-2:
                raise self._refused(name, 'set 1e-12 to 1e-2')
        for name in ('max_iterations', 'iteration_budget'):
            if getattr(self, name) < 1:
                raise self._refused(name, 'set at least 1')
        if not self.max_joint_step > 0.0:
            raise self._refused('max_joint_step', 'set a positive number')
        for name in ('min_singular_value', 'n_restarts'):
            if not getattr(self, name) >= 0:
                raise self._refused(name, 'set zero or a positive number')

    def _refused(self, name: str, remedy: str) -> ConfigError:
        return ConfigError(
            f'solver option {name}', f'{getattr(self, name)} is out of range', remedy
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IkSolution:
    """One solution and the evidence for it, measured by forward kinematics."""

    status: IkStatus
    q: Joints  # (6,) [rad], to be commanded only if the status is solved, else NaN
    q_seed: Joints  # (6,) [rad], the seed it was refined from
    seed: str  # its source: name of the predictor, 'current', 'branch', 'restart', 'restart_long'
    position_error: float  # [m]
    rotation_error: float  # [rad]
    iterations: int  # of the refinement, over all seeds
    max_joint_step: float  # [rad] largest step of a joint from the current joints
    smallest_singular_value: float  # of the Jacobian at q
    changes_posture: bool  # shoulder, elbow or wrist end on the other side than they are now
    measured_arm: Arm | None = None  # the arm, if its calibration says how accurate it is

    @property
    def predicted_accuracy(self) -> PredictedAccuracy | None:
        """How far the real tool is expected from the target; None if no measurement says."""
        if self.measured_arm is None:
            return None
        return predicted_accuracy(self.measured_arm, self.q)

    @property
    def reason(self) -> str:
        """The sentence of the status."""
        return self.status.value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IkSolutions:
    """Solutions as arrays, one row per problem; ``solutions[i]`` is that of row i."""

    status_codes: NDArray[np.int8]  # (n,) index into STATUSES
    seed_codes: NDArray[np.int8]  # (n,) index into seed_names, -1 for none
    seed_names: tuple[str, ...]
    q: Joints  # (n, 6) [rad], NaN where not solved
    q_seed: Joints  # (n, 6) [rad]
    position_error: FloatArray  # (n,) [m]
    rotation_error: FloatArray  # (n,) [rad]
    iterations: NDArray[np.int64]  # (n,) of the refinement, over all seeds
    max_joint_step: FloatArray  # (n,) [rad]
    smallest_singular_value: FloatArray  # (n,)
    changes_posture: NDArray[np.bool_]  # (n,)
    measured_arm: Arm | None = None  # see IkSolution

    def __len__(self) -> int:
        return len(self.status_codes)

    def __iter__(self) -> Iterator[IkSolution]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> IkSolution:
        code = self.seed_codes[row]
        return IkSolution(
            status=STATUSES[self.status_codes[row]],
            q=self.q[row],
            q_seed=self.q_seed[row],
            seed=self.seed_names[code] if code >= 0 else NO_SEED,
            position_error=float(self.position_error[row]),
            rotation_error=float(self.rotation_error[row]),
            iterations=int(self.iterations[row]),
            max_joint_step=float(self.max_joint_step[row]),
            smallest_singular_value=float(self.smallest_singular_value[row]),
            changes_posture=bool(self.changes_posture[row]),
            measured_arm=self.measured_arm,
        )

    @property
    def is_solved(self) -> NDArray[np.bool_]:
        """Whether the status carries a command, (n,)."""
        return IS_SOLVED[self.status_codes]

    @property
    def statuses(self) -> list[IkStatus]:
        """The status of each row."""
        return [STATUSES[code] for code in self.status_codes]
