# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a target and the current joints to an answer that has been judged."""

from .ik_solver import IkSolver
from .nearest import NearestPose
from .problem import IkSolution, IkSolutions, SolverOptionError, SolverOptions
from .seeds import CurrentJoints, SeedPredictor
from .status import STATUSES, IkStatus

__all__ = [
    'STATUSES',
    'CurrentJoints',
    'IkSolution',
    'IkSolutions',
    'IkSolver',
    'IkStatus',
    'NearestPose',
    'SeedPredictor',
    'SolverOptionError',
    'SolverOptions',
]
