# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration of one arm: how it differs from its URDF, identified from measurements."""

from __future__ import annotations

from typing import Any

__all__ = ['identify']


def __getattr__(name: str) -> Any:
    """Return ``identify``, imported when it is used: the solver reads files without SciPy."""
    if name not in __all__:
        raise AttributeError(name)
    from .fit.identify import identify

    return identify
