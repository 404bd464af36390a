# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The normal equations of a model, and what damps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ...kinematics import FloatArray
from .design import Design


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A model: its parts, and how strongly they are held back."""

    parts: tuple[str, ...]
    n_harmonics: int = 0
    map_sd: float = 1e-3  # [rad] expected of one coefficient of a map
    anchor: float = 0.0  # share of the rows that joint vectors anywhere count, see Design.anchor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Normal:
    """Normal equations of all parameters."""

    matrix: FloatArray  # (p, p)
    right: FloatArray  # (p,)
    n_rows: int


def normal_of(jacobian: FloatArray, residuals: FloatArray, row_weights: FloatArray) -> Normal:
    """
    Return the normal equations of some rows.

    :param jacobian: Shape (k m, p) in units of the noise.
    :param residuals: Shape (k m,).
    :param row_weights: Shape (k,).
    """
    scale = np.repeat(np.sqrt(row_weights), len(jacobian) // len(row_weights))
    weighted = jacobian * scale[:, None]
    right = weighted.T @ (residuals * scale)
    return Normal(matrix=weighted.T @ weighted, right=right, n_rows=len(row_weights))


def sum_normals(parts: Sequence[Normal]) -> Normal:
    """Return the normal equations of the rows of all parts."""
    matrix, right = parts[0].matrix.copy(), parts[0].right.copy()
    for part in parts[1:]:
        matrix += part.matrix
        right += part.right
    return Normal(matrix=matrix, right=right, n_rows=sum(part.n_rows for part in parts))


def solve(design: Design, normal: Normal, choice: Choice) -> FloatArray:
    """Return the parameters (p,) of a model, relative to the fitted geometry."""
    columns = design.layout.columns(choice.parts, choice.n_harmonics)
    parameters = design.absent.copy()
    parameters[columns] = 0.0
    right = normal.right - normal.matrix @ parameters
    right += design.priors(choice.map_sd) * design.absent  # drawn to the nominal geometry
    factor = cho_factor(precision(design, normal, choice), overwrite_a=True)
    parameters[columns] = cho_solve(factor, right[columns])
    return parameters


def precision(design: Design, normal: Normal, choice: Choice) -> FloatArray:
    """Return the matrix (k, k) of the normal equations of a model, with all that damps it."""
    columns = design.layout.columns(choice.parts, choice.n_harmonics)
    block = np.ix_(columns, columns)
    damped: FloatArray = normal.matrix[block] + design.constraints[block]
    if choice.anchor > 0.0:
        damped += choice.anchor * normal.n_rows * design.anchor[block]
    damped[np.diag_indices(len(columns))] += design.priors(choice.map_sd)[columns]
    return damped
