# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Neural seeds, exact joint angles: inverse kinematics for six-axis arms in ROS 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import NeuralIkError
    from .kinematics import (
        Arm,
        arm_from_urdf,
        pose_error,
        transform_from_xyz_quat,
        transform_from_xyz_rpy,
    )
    from .solver import (
        Branch,
        CurrentJoints,
        IkPath,
        IkSolution,
        IkSolver,
        IkStatus,
        SolverOptions,
    )

__version__ = '0.1.0'
__all__ = [
    'Arm',
    'Branch',
    'CurrentJoints',
    'IkPath',
    'IkSolution',
    'IkSolver',
    'IkStatus',
    'NeuralIkError',
    'SolverOptions',
    '__version__',
    'arm_from_urdf',
    'pose_error',
    'transform_from_xyz_quat',
    'transform_from_xyz_rpy',
]


def __getattr__(name: str) -> Any:
    """Import a public name at first use, so that ``neural_ik --help`` stays fast."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import errors, kinematics, solver

    for module in (solver, kinematics, errors):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f'{name!r} is public but defined nowhere')


def __dir__() -> list[str]:
    """List the public names too, imported or not."""
    return sorted({*globals(), *__all__})
