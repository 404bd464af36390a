# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a target and the current joints to an answer that has been judged."""

from .ik_solver import IkSolver
from .problem import IkProblem, IkSolution, SolverOptionError, SolverOptions
from .seeds import CurrentJoints, SeedPredictor
from .status import IkStatus

__all__ = [
    'CurrentJoints',
    'IkProblem',
    'IkSolution',
    'IkSolver',
    'IkStatus',
    'SeedPredictor',
    'SolverOptionError',
    'SolverOptions',
]
