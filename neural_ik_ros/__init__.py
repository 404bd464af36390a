# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Neural proposals, exact joint angles: inverse kinematics for six-axis arms in ROS 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import IkSolver

__version__ = '0.1.0'
__all__ = ['IkSolver', '__version__']


def __getattr__(name: str) -> Any:
    """Import ``IkSolver`` on first use, so that ``neural_ik --help`` stays fast."""
    if name == 'IkSolver':
        from .api import IkSolver

        return IkSolver
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
