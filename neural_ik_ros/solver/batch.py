# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Problems and the arm as records, one row a problem: what the compiled rounds read and write.

A record array goes into a kernel within 0.2 us; a tuple of as many arrays takes 3.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..kinematics import N_JOINTS, Arm, CoupledLimit, lm_bounds, unbounded_limits
from ..kinematics.closed_form.branches import WristParams
from ..kinematics.compiled import compiled
from .checks import Reach
from .problem import SolverOptions
from .status import STATUSES

Records: TypeAlias = NDArray[np.void]

OPEN = len(STATUSES)  # the status of a row that has none yet
NOTHING, OTHER, KEPT = range(3)  # what has been found for an open row: its posture

DOCKET = np.dtype(
    [
        ('target', 'f8', (4, 4)),  # made orthonormal in place
        ('q_current', 'f8', N_JOINTS),  # [rad]
        ('q', 'f8', N_JOINTS),  # [rad] the best answer so far
        ('q_seed', 'f8', N_JOINTS),  # [rad] where Newton started
        ('position_error', 'f8'),  # [m]
        ('rotation_error', 'f8'),  # [rad]
        ('max_joint_step', 'f8'),  # [rad]
        ('smallest_singular_value', 'f8'),
        ('iterations', 'i8'),  # Newton steps over all seeds
        ('signs', 'i1', 3),  # posture of the current joints
        ('status', 'i1'),  # index into STATUSES, or OPEN
        ('found', 'i1'),  # NOTHING, OTHER or KEPT
        ('who', 'i1'),  # the round that found it, -1 for none
        ('is_border', '?'),  # it, or the current joints, stand between two postures
    ],
    align=True,
)
GROUND = np.dtype(
    [
        ('rotations', 'f8', (7, 3, 3)),
        ('translations', 'f8', (7, 3)),
        ('wrist', 'f8', (3, 3)),  # see WristParams
        ('lower', 'f8', N_JOINTS),
        ('upper', 'f8', N_JOINTS),
        ('step_lower', 'f8', N_JOINTS),  # of Newton's steps
        ('step_upper', 'f8', N_JOINTS),
        ('free_lower', 'f8', N_JOINTS),  # infinite
        ('free_upper', 'f8', N_JOINTS),
        ('coupled_lower', 'f8'),
        ('coupled_upper', 'f8'),
        ('coupled', 'i8', 2),
        ('transform_joint1_base', 'f8', (4, 4)),
        ('ball', 'f8', 3),  # see Reach
        ('position_tolerance', 'f8'),
        ('rotation_tolerance', 'f8'),
        ('max_joint_step', 'f8'),
        ('min_singular_value', 'f8'),
        ('iteration_budget', 'i8'),
        ('allow_other_posture', '?'),
    ],
    align=True,
)


@compiled
def clear(row: Any) -> None:
    """Forget every answer of a row of a docket."""
    row['found'], row['who'], row['is_border'] = NOTHING, -1, False
    row['q'][:] = math.nan
    row['q_seed'][:] = math.nan
    row['position_error'] = row['rotation_error'] = math.nan
    row['max_joint_step'] = row['smallest_singular_value'] = math.nan


def ground_of(arm: Arm, wrist: WristParams, options: SolverOptions) -> Records:
    """Return one record with what the kernels need to know of an arm and of the rules."""
    no_limit = CoupledLimit(first=0, second=0, lower=-math.inf, upper=math.inf)
    coupled, reach = arm.coupled_limit or no_limit, Reach(arm)
    values: dict[str, Any] = {
        'rotations': arm.rotations,
        'translations': arm.translations,
        'wrist': wrist,
        'lower': arm.lower,
        'upper': arm.upper,
        'coupled_lower': coupled.lower,
        'coupled_upper': coupled.upper,
        'coupled': (coupled.first, coupled.second),
        'transform_joint1_base': reach.transform_joint1_base,
        'ball': reach.ball,
    }
    values['step_lower'], values['step_upper'] = lm_bounds(arm)
    values['free_lower'], values['free_upper'] = unbounded_limits()
    ground: Records = np.zeros(1, GROUND)
    for field in GROUND.names or ():
        ground[field] = values[field] if field in values else getattr(options, field)
    return ground
