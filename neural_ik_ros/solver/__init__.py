# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a target pose and the current joints to a verified solution."""

from .acceptance import NEAR_STEP
from .branches import Branch
from .ik_solver import IkSolver
from .nearest_pose import NearestPose
from .path import IkPath
from .problem import IkSolution, IkSolutions, SolverOptions
from .seeds import CurrentJoints, SeedPredictor
from .status import STATUSES, IkStatus

__all__ = [
    'NEAR_STEP',
    'STATUSES',
    'Branch',
    'CurrentJoints',
    'IkPath',
    'IkSolution',
    'IkSolutions',
    'IkSolver',
    'IkStatus',
    'NearestPose',
    'SeedPredictor',
    'SolverOptions',
]
