# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
A batch of problems and the arm as record arrays, one record a problem: the kernels' memory.

Each record type is declared once, as a ``TypedDict``: type checkers read it where kernels write
``row['q']``, and ``record_dtype`` turns it into the numpy dtype. Passing a record array to a
kernel takes 0.2 us; a tuple of as many arrays takes 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypedDict, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..kinematics import (
    N_JOINTS,
    N_NODES,
    Arm,
    ClosedForm,
    CoupledLimit,
    FloatArray,
    JointErrors,
    true_lm_bounds,
    unbounded_limits,
)
from ..kinematics.chain import SAG_TOL, command_into, frames_into, true_frames_into
from ..kinematics.closed_form.branches import WristParams
from ..kinematics.compiled import compiled
from .checks import reach_bound, wrist_reach
from .problem import NO_SEED, IkSolution, IkSolutions, SolverOptions
from .status import STATUSES

Records: TypeAlias = NDArray[np.void]

COARSE_TOL = 1e-6  # [rad] of true joints, for posture and singularity
OPEN = len(STATUSES)  # status of a row that is not decided yet
NO_ANSWER = 0  # preference of a row without one

Float: TypeAlias = Annotated[float, 'f8']
Int: TypeAlias = Annotated[int, 'i8']
SmallInt: TypeAlias = Annotated[int, 'i1']
Bool: TypeAlias = Annotated[bool, '?']
JointVector: TypeAlias = Annotated[FloatArray, 'f8', N_JOINTS]
Pose: TypeAlias = Annotated[FloatArray, 'f8', (4, 4)]


class SolveState(TypedDict):
    """A problem, and the best solution found so far."""

    target: Pose  # made orthonormal in place
    q_current: JointVector  # [rad]
    q: JointVector  # [rad] the best solution
    q_seed: JointVector  # [rad] the seed it was refined from
    position_error: Float  # [m]
    rotation_error: Float  # [rad]
    max_joint_step: Float  # [rad]
    smallest_singular_value: Float
    iterations: Int  # over all seeds
    status: SmallInt  # index into STATUSES, or OPEN
    seed_index: SmallInt  # the stage that found the best solution, -1 for none
    changes_posture: Bool  # a sign of its posture is opposite to that of the current joints
    preference: SmallInt  # of the best solution, a Preference
    squared_step: Float  # [rad^2] sum over the joints
    is_settled: Bool  # no other answer can come before it
    signs: Annotated[NDArray[np.int8], 'i1', 3]  # posture of the current joints


class ArmParams(TypedDict):
    """What the kernels know of the arm and of the options."""

    rotations: Annotated[FloatArray, 'f8', (N_JOINTS + 1, 3, 3)]
    translations: Annotated[FloatArray, 'f8', (N_JOINTS + 1, 3)]
    maps: Annotated[FloatArray, 'f8', (N_JOINTS, N_NODES + 1, 2)]  # see JointErrors.table
    sag: Annotated[FloatArray, 'f8', (N_JOINTS, N_JOINTS + 1)]
    gravity: Annotated[FloatArray, 'f8', 3]
    wrist: Annotated[WristParams, 'f8', (3, 3)]
    lower: JointVector
    upper: JointVector
    lm_lower: JointVector  # bounds of the refinement, of true joints
    lm_upper: JointVector
    unbounded_lower: JointVector  # minus infinity
    unbounded_upper: JointVector
    coupled_limit_lower: Float
    coupled_limit_upper: Float
    coupled_joints: Annotated[NDArray[np.int64], 'i8', 2]
    transform_joint1_base: Pose
    reach_bound: Annotated[FloatArray, 'f8', 3]
    wrist_reach: Annotated[FloatArray, 'f8', 2]  # [m]
    position_tolerance: Float
    rotation_tolerance: Float
    max_joint_step: Float
    min_singular_value: Float
    iteration_budget: Int
    allow_other_posture: Bool
    is_exact: Bool  # the branches in closed form are all solutions there are
    margin: Float  # see Separation
    lateral: Float  # [m]
    straight: Float  # [rad]
    has_joint_errors: Bool  # else true joints are commanded ones


def record_dtype(record: type) -> np.dtype[np.void]:
    """Return the aligned numpy dtype of a ``TypedDict`` with annotated fields."""
    hints = get_type_hints(record, include_extras=True)
    fields: Any = [(name, *hint.__metadata__) for name, hint in hints.items()]
    dtype: np.dtype[np.void] = np.dtype(fields, align=True)
    return dtype


SOLVE_STATE = record_dtype(SolveState)
ARM_PARAMS = record_dtype(ArmParams)


@compiled
def reset_row(row: SolveState) -> None:
    """Discard the best solution of a row."""
    row['preference'], row['seed_index'] = NO_ANSWER, -1
    row['changes_posture'] = row['is_settled'] = False
    row['q'][:] = math.nan
    row['q_seed'][:] = math.nan
    row['position_error'] = row['rotation_error'] = math.nan
    row['max_joint_step'] = row['smallest_singular_value'] = row['squared_step'] = math.nan


def pack_arm(arm: Arm, closed_form: ClosedForm, options: SolverOptions) -> Records:
    """Return the parameters of an arm and the options for it, (1,) of ``ARM_PARAMS``."""
    no_limit = CoupledLimit(first=0, second=0, lower=-math.inf, upper=math.inf)
    coupled = arm.coupled_limit or no_limit
    errors = arm.joint_errors or JointErrors.create()
    transform_joint1_base, bound = reach_bound(arm)
    values: dict[str, Any] = {
        'rotations': arm.rotations,
        'translations': arm.translations,
        'maps': errors.table,
        'sag': errors.sag,
        'gravity': errors.gravity,
        'has_joint_errors': arm.joint_errors is not None,
        'wrist': closed_form.wrist,
        'is_exact': closed_form.is_exact,
        'margin': closed_form.separation.margin,
        'lateral': closed_form.separation.lateral,
        'straight': closed_form.separation.straight,
        'lower': arm.lower,
        'upper': arm.upper,
        'coupled_limit_lower': coupled.lower,
        'coupled_limit_upper': coupled.upper,
        'coupled_joints': (coupled.first, coupled.second),
        'transform_joint1_base': transform_joint1_base,
        'reach_bound': bound,
        'wrist_reach': wrist_reach(arm, closed_form),
    }
    values['lm_lower'], values['lm_upper'] = true_lm_bounds(arm)
    values['unbounded_lower'], values['unbounded_upper'] = unbounded_limits()
    params: Records = np.zeros(1, ARM_PARAMS)
    for field in ARM_PARAMS.names or ():
        params[field] = values[field] if field in values else getattr(options, field)
    return params


@compiled
def arm_frames_into(
    arm: ArmParams,
    q: FloatArray,
    tool: FloatArray,
    frames: FloatArray,
    tolerance: float = SAG_TOL,
) -> None:
    """Write what ``frames_into`` writes, for commanded joints (6,)."""
    if arm['has_joint_errors']:
        true_frames_into(
            arm['rotations'], arm['translations'], arm['maps'], arm['sag'], arm['gravity'],
            q, np.empty(6), tool, frames, tolerance,
        )  # fmt: skip
    else:
        frames_into(arm['rotations'], arm['translations'], q, tool, frames)


@compiled
def make_true(arm: ArmParams, q: FloatArray, scratch: FloatArray) -> None:
    """Replace commanded joints (6,) by the angles that the joints will have."""
    if arm['has_joint_errors']:
        true_frames_into(
            arm['rotations'], arm['translations'], arm['maps'], arm['sag'], arm['gravity'],
            q, q, scratch[0], scratch[1],
        )  # fmt: skip


@compiled
def make_commanded(arm: ArmParams, q: FloatArray, scratch: FloatArray) -> None:
    """Replace angles (6,) that the joints shall have by the joints to command."""
    if arm['has_joint_errors']:
        command_into(
            arm['rotations'], arm['translations'], arm['maps'], arm['sag'], arm['gravity'],
            q, q, scratch[0], scratch[1],
        )  # fmt: skip


def unpack_row(
    batch: Records, sources: Sequence[str], measured_arm: Arm | None = None
) -> IkSolution:
    """Return the one row of a batch as plain data; ``sources`` are the seed sources by index."""
    # One call for all fields of the record, in their order: each by name takes 0.3 us.
    fields: Any = batch.item()
    _, _, q, q_seed, position, rotation, step, singular, n, status, index, changes = fields[:12]
    return IkSolution(
        status=STATUSES[status],
        q=q,
        q_seed=q_seed,
        seed=sources[index] if index >= 0 else NO_SEED,
        position_error=position,
        rotation_error=rotation,
        iterations=n,
        max_joint_step=step,
        smallest_singular_value=singular,
        changes_posture=changes,
        measured_arm=measured_arm,
    )


def unpack(
    batch: Records, sources: tuple[str, ...], measured_arm: Arm | None = None
) -> IkSolutions:
    """Return all rows of a batch as arrays."""
    return IkSolutions(
        status_codes=batch['status'].copy(),
        seed_codes=batch['seed_index'].copy(),
        seed_names=sources,
        q=batch['q'].copy(),
        q_seed=batch['q_seed'].copy(),
        position_error=batch['position_error'].copy(),
        rotation_error=batch['rotation_error'].copy(),
        iterations=batch['iterations'].copy(),
        max_joint_step=batch['max_joint_step'].copy(),
        smallest_singular_value=batch['smallest_singular_value'].copy(),
        changes_posture=batch['changes_posture'].copy(),
        measured_arm=measured_arm,
    )
