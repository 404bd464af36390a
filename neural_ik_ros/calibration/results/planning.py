# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which poses to measure: observability of the geometry, and coverage of every joint's angle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...kinematics import N_JOINTS, Arm, FloatArray, Joints, angle_index, forward, random_joints
from ..data.measurements import Measurements
from ..fit.design import FRAMES, MAPS, SAG, SETUP, Design, make_design
from ..fit.geometry_fit import GeometryFit, Noise
from ..fit.model import Setup, linearise
from ..fit.normal import Choice, normal_of, precision
from ..fit.series import N_BINS, covered_bins

N_CANDIDATES = 3000
MAX_DRAWS = 60  # times as many joint vectors, of which candidates must fulfil the conditions
N_TESTED = 300  # candidates at which the accuracy is predicted
START_INFORMATION = 1e-3  # of every parameter, so that the first poses can be compared
COVERAGE_WEIGHT = 1.0  # of new angles against information, each relative to the best candidate
N_HARMONICS = 40
MAP_SD = 1e-4  # [rad]
MARGIN = 0.03  # [rad] from the limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Where the tool may be, and how the sensor must see it."""

    box: tuple[float, ...] | None = None  # x, y, z from; x, y, z to [m] in the base
    sensor: tuple[float, ...] | None = None  # x, y, z [m] of the sensor in the base
    facing: tuple[float, ...] = (0.0, 0.0, 1.0)  # direction in the tool frame that looks at it
    max_incidence: float = 0.7  # [rad] between that direction and the sensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Poses to measure, in an order with short moves, and what may be expected of them."""

    q: Joints  # (n, 6) [rad]
    condition: float  # of the geometry
    coverage: FloatArray  # (6,) share of the reachable angles of each joint
    geometry_error: float  # [m] expected of the geometry alone by noise, mean over poses
    full_error: float  # [m] expected with joint maps


def plan_measurement(
    arm: Arm, n: int, rng: np.random.Generator, conditions: Conditions, noise: Noise
) -> Plan:
    """
    Return n joint vectors, chosen one after the other for information and coverage.

    Information is the gain of the logarithm of the determinant of the geometry's normal matrix
    (D-optimality). Collisions are not checked.

    :raises DataError: If too few poses fulfil the conditions.
    """
    candidates = _candidates(arm, rng, conditions, n)
    fit = GeometryFit(arm=arm, setup=_setup(), noise=noise)
    chosen = _greedy(fit, candidates, n)
    ordered = _short_tour(arm, candidates[chosen])
    tested = candidates[np.setdiff1d(np.arange(len(candidates)), chosen)][:N_TESTED]
    covered = covered_bins(ordered)
    reachable = covered_bins(candidates)
    design = make_design(
        arm,
        fit,
        _measurements(ordered),
        covered=covered,
        gravity=np.array([0.0, 0.0, -1.0]),
        n_harmonics=N_HARMONICS,
    )
    geometry = Choice(parts=(SETUP, FRAMES))
    full = Choice(parts=(SETUP, FRAMES, SAG, MAPS), n_harmonics=N_HARMONICS, map_sd=MAP_SD)
    return Plan(
        q=ordered,
        condition=_condition(fit, ordered),
        coverage=(covered & reachable).sum(axis=1) / reachable.sum(axis=1),
        geometry_error=expected_error(design, geometry, tested),
        full_error=expected_error(design, full, tested),
    )


def expected_error(design: Design, choice: Choice, q: Joints) -> float:
    """Return the mean position error [m] that noise leaves at joint vectors (k, 6)."""
    jacobian, residuals = design.rows(np.arange(len(design.residuals)))
    normal = normal_of(jacobian, residuals, np.ones(len(design.residuals)))
    covariance = np.linalg.inv(precision(design, normal, choice))
    columns = design.layout.columns(choice.parts, choice.n_harmonics)
    there, _ = design.columns(_measurements(q))
    position = there.reshape(len(q), 6, -1)[:, :3][:, :, columns] * design.scales[0]
    variances = np.einsum('nik,kl,nil->n', position, covariance, position)
    return float(np.sqrt(variances).mean())


def _candidates(arm: Arm, rng: np.random.Generator, conditions: Conditions, n: int) -> Joints:
    wanted = max(N_CANDIDATES, 3 * n)
    found: list[Joints] = []
    for _ in range(MAX_DRAWS):
        q = random_joints(arm, rng, wanted)
        inside = ((q >= arm.lower + MARGIN) & (q <= arm.upper - MARGIN)).all(axis=1)
        found.append(q[inside & _is_allowed(arm, q, conditions)])
        if sum(len(part) for part in found) >= wanted:
            break
    every = np.concatenate(found)[:wanted]
    if len(every) < 2 * n:
        problem = f'{len(every)} of {MAX_DRAWS * wanted} random poses fulfil the conditions'
        remedy = 'enlarge the box, move the sensor, or plan fewer poses'
        raise DataError('measurement plan', problem, remedy)
    return every


def _is_allowed(arm: Arm, q: Joints, conditions: Conditions) -> NDArray[np.bool_]:
    tools = forward(arm, q)
    points = tools[:, :3, 3]
    allowed = np.ones(len(q), bool)
    if conditions.box is not None:
        low, high = np.array(conditions.box[:3]), np.array(conditions.box[3:])
        allowed &= ((points >= low) & (points <= high)).all(axis=1)
    if conditions.sensor is not None:
        sight = np.array(conditions.sensor) - points
        sight /= np.linalg.norm(sight, axis=1, keepdims=True)
        facing = np.array(conditions.facing) / np.linalg.norm(conditions.facing)
        cosine = np.einsum('ni,nij,j->n', sight, tools[:, :3, :3], facing)
        allowed &= cosine >= np.cos(conditions.max_incidence)
    return allowed


def _greedy(fit: GeometryFit, candidates: Joints, n: int) -> NDArray[np.int64]:
    """Return the indices (n,) of candidates with the most information and the most new angles."""
    model = linearise(fit.arm, fit.setup, _measurements(candidates))
    rows = np.concatenate([model.setup, model.frames], axis=2) / fit.noise.scales(6)[:, None]
    rows *= fit.noise.position  # one metre weighs as one, so that the start is small
    inverse = np.eye(rows.shape[2]) / START_INFORMATION
    bins = np.stack([angle_index(candidates[:, j]) for j in range(N_JOINTS)], axis=1)
    counts = np.zeros((N_JOINTS, N_BINS))
    chosen: list[int] = []
    is_free = np.ones(len(candidates), bool)
    for _ in range(n):
        spread = rows @ inverse
        gains = np.linalg.slogdet(np.eye(6) + spread @ rows.swapaxes(1, 2))[1]
        news = (1.0 / (1.0 + counts[np.arange(N_JOINTS), bins])).sum(axis=1)
        score = gains / gains.max() + COVERAGE_WEIGHT * news / news.max()
        best = int(np.argmax(np.where(is_free, score, -np.inf)))
        chosen.append(best)
        is_free[best] = False
        counts[np.arange(N_JOINTS), bins[best]] += 1.0
        one, turned = rows[best], spread[best]
        inverse -= turned.T @ np.linalg.solve(np.eye(6) + turned @ one.T, turned)
    return np.array(chosen)


def _short_tour(arm: Arm, q: Joints) -> Joints:
    """Return joint vectors in an order in which each is the nearest in time to the one before."""
    left, order = list(range(1, len(q))), [0]
    while left:
        times = (np.abs(q[left] - q[order[-1]]) / arm.velocity).max(axis=1)
        order.append(left.pop(int(times.argmin())))
    return q[order]


def _condition(fit: GeometryFit, q: Joints) -> float:
    from ..fit.observability import observe

    return observe(fit, _measurements(q)).condition


def _setup() -> Setup:
    return Setup(base=np.eye(4)[None], tool=np.eye(4)[None])


def _measurements(q: Joints) -> Measurements:
    """Return joint vectors as measurements of poses, whose values do not matter."""
    return Measurements(
        q=q, positions=np.zeros((len(q), 3)), rotations=np.tile(np.eye(3), (len(q), 1, 1))
    )
