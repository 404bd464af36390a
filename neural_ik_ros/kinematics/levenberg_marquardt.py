# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Levenberg-Marquardt on the SE(3) error of the tool, the kernel of ``refine``.

The damping is proportional to the squared error (Sugihara, IEEE T-RO 27(5), 2011): far from the
solution it prevents overshooting, near the solution it vanishes, so that convergence is quadratic,
also at singularities where the solutions form a curve (Yamashita & Fukushima, 2001). Joints with a
range below 2 pi are kept inside their limits by an active set; the others are unbounded and are
unwound afterwards. The line search is non-monotone (Zhang & Hager, SIAM J. Optim. 14(4), 2004): an
iteration may raise the error slightly above a mean of the past ones, because next to a singularity
the path to the solution is a curved valley along which a monotone search allows only tiny steps.
"""

from __future__ import annotations

import math

import numpy as np

from .chain import frames_into, jacobian_from_frames
from .compiled import compiled
from .linalg3 import norm3, tmul33_into
from .se3 import log_into
from .types import FloatArray

INITIAL_DAMPING = 1e-2  # relative to the squared error; 1e-3 to 1e-1 need about as many iterations
MIN_DAMPING = 1e-15  # keeps the normal equations positive definite at a singularity
ERROR_MEMORY = 0.3  # weight of past errors in the non-monotone search; 0 makes it monotone
SCRATCH_SHAPE = (7, 6, 6)
MAX_STEP = 0.7  # [rad] per joint and iteration: the linear model is useless beyond


@compiled
def refine_batch(  # noqa: PLR0913, PLR0917 - flat arguments cost numba nothing
    rotations: FloatArray,
    translations: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    targets: FloatArray,
    q: FloatArray,
    errors: FloatArray,
    tolerances: tuple[float, float],
    max_iterations: int,
) -> None:
    """
    Refine each row of ``q`` (n, 6) in place towards ``targets`` (n, 4, 4).

    :param errors: Shape (n, 3), written: position [m], rotation [rad], iterations.
    """
    scratch = np.empty(SCRATCH_SHAPE)
    for i in range(q.shape[0]):
        errors[i, 2] = refine_into(
            rotations, translations, lower, upper, targets[i], q[i], errors[i], tolerances,
            max_iterations, scratch,
        )  # fmt: skip


@compiled
def refine_into(  # noqa: PLR0913, PLR0917
    rotations: FloatArray,
    translations: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    target: FloatArray,
    q: FloatArray,
    errors: FloatArray,
    tolerances: tuple[float, float],
    max_iterations: int,
    scratch: FloatArray,
) -> int:
    """
    Refine ``q`` (6,) in place towards ``target`` (4, 4); return the number of iterations.

    :param errors: Position [m] and rotation [rad] are written into the first two.
    :param scratch: Shape ``SCRATCH_SHAPE``, overwritten, so that no iteration allocates.
    """
    frames, trial_frames, normal, vectors = scratch[0], scratch[1], scratch[2], scratch[3]
    twist, trial_twist = vectors[0], vectors[1]
    step, q_trial, gradient = vectors[2], vectors[3], vectors[4]
    for j in range(6):
        q[j] = min(max(q[j], lower[j]), upper[j])
    cost = _linearise(rotations, translations, target, q, frames, twist, scratch[4:])
    damping, iteration = INITIAL_DAMPING, 0
    reference, weight = cost, 1.0
    while iteration < max_iterations:
        if norm3(twist) <= tolerances[0] and norm3(twist[3:]) <= tolerances[1]:
            break
        iteration += 1
        _normal_equations(frames, twist, q, lower, upper, normal, gradient)
        _solve_damped(normal, gradient, max(damping * cost, MIN_DAMPING), step)
        _step_within_limits(q, step, lower, upper, q_trial)
        trial_cost = _linearise(
            rotations, translations, target, q_trial, trial_frames, trial_twist, scratch[4:]
        )
        if trial_cost < reference:
            damping = max(0.3 * damping, 1e-6)
            cost = trial_cost
            reference = (ERROR_MEMORY * weight * reference + cost) / (ERROR_MEMORY * weight + 1.0)
            weight = ERROR_MEMORY * weight + 1.0
            q[:] = q_trial
            frames, trial_frames = trial_frames, frames
            twist, trial_twist = trial_twist, twist
        elif cost < 1e-24:  # only rounding errors are left
            break
        else:
            damping = max(10.0 * damping, 1e-2)
    errors[0], errors[1] = norm3(twist), norm3(twist[3:])
    return iteration


@compiled
def _linearise(
    rotations: FloatArray,
    translations: FloatArray,
    target: FloatArray,
    q: FloatArray,
    jacobian: FloatArray,
    twist: FloatArray,
    scratch: FloatArray,
) -> float:
    """Write Jacobian and error twist, both in base axes; return the squared norm of the twist."""
    tool, offset, local = scratch[0], scratch[1], scratch[2, 4]
    frames_into(rotations, translations, q, tool, jacobian)
    jacobian_from_frames(tool, jacobian)
    tmul33_into(tool, target, offset)
    for i in range(3):
        offset[i, 3] = (
            tool[0, i] * (target[0, 3] - tool[0, 3])
            + tool[1, i] * (target[1, 3] - tool[1, 3])
            + tool[2, i] * (target[2, 3] - tool[2, 3])
        )
    log_into(offset, local)
    cost = 0.0
    for i in range(3):
        twist[i] = tool[i, 0] * local[0] + tool[i, 1] * local[1] + tool[i, 2] * local[2]
        twist[3 + i] = tool[i, 0] * local[3] + tool[i, 1] * local[4] + tool[i, 2] * local[5]
        cost += twist[i] ** 2 + twist[3 + i] ** 2
    return cost


@compiled
def _normal_equations(
    jacobian: FloatArray,
    twist: FloatArray,
    q: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    normal: FloatArray,
    gradient: FloatArray,
) -> None:
    """Write ``J^T J`` and ``J^T e``, with joints held that push against a limit."""
    for i in range(6):
        total = 0.0
        for k in range(6):
            total += jacobian[k, i] * twist[k]
        gradient[i] = total
    for i in range(6):
        is_held = (q[i] >= upper[i] and gradient[i] > 0.0) or (
            q[i] <= lower[i] and gradient[i] < 0.0
        )
        if is_held:
            gradient[i] = 0.0
            for k in range(6):
                jacobian[k, i] = 0.0
    for i in range(6):
        for j in range(i + 1):
            total = 0.0
            for k in range(6):
                total += jacobian[k, i] * jacobian[k, j]
            normal[i, j] = total


@compiled
def _solve_damped(
    normal: FloatArray, gradient: FloatArray, damping: float, step: FloatArray
) -> None:
    """Solve ``(normal + damping I) step = gradient`` by Cholesky; ``normal`` is overwritten."""
    for i in range(6):
        for j in range(i):
            for k in range(j):
                normal[i, j] -= normal[i, k] * normal[j, k]
            normal[i, j] /= normal[j, j]
        pivot = normal[i, i] + damping
        for k in range(i):
            pivot -= normal[i, k] * normal[i, k]
        normal[i, i] = math.sqrt(max(pivot, MIN_DAMPING))
    for i in range(6):
        step[i] = gradient[i]
        for k in range(i):
            step[i] -= normal[i, k] * step[k]
        step[i] /= normal[i, i]
    for i in range(5, -1, -1):
        for k in range(i + 1, 6):
            step[i] -= normal[k, i] * step[k]
        step[i] /= normal[i, i]


@compiled
def _step_within_limits(
    q: FloatArray, step: FloatArray, lower: FloatArray, upper: FloatArray, q_next: FloatArray
) -> None:
    """Write ``q`` plus the step, scaled to at most ``MAX_STEP`` and clipped to the limits."""
    largest = 0.0
    for j in range(6):
        largest = max(largest, abs(step[j]))
    scale = MAX_STEP / largest if largest > MAX_STEP else 1.0
    for j in range(6):
        q_next[j] = min(max(q[j] + scale * step[j], lower[j]), upper[j])
