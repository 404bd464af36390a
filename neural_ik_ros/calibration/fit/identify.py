# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Identification on one screen: check, fit the geometry, weigh the evidence, solve, judge."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError, DataError
from ...kinematics import N_JOINTS, Arm, FloatArray, JointErrors
from ..data.measurements import Measurements, require_usable
from .design import FRAMES, HISTORY, MAPS, PAIRS, SAG, SETUP, Design, make_design
from .diagnosis import require_plausible, require_same_arm
from .evidence import ANCHORS, HARMONICS, MAX_ROWS, Candidate, Evidence, choose
from .geometry_fit import (
    GeometryFit,
    estimate_noise,
    fit_geometry,
    fit_parameters,
    fit_setup,
    outlier_rows,
    robust_weights,
)
from .model import Setup, moved_arm, moved_setup, pose_residuals
from .normal import Choice, Normal, normal_of, solve, sum_normals
from .observability import Observability, observe, require_observable
from .series import covered_bins, map_values
from .uncertainty import identified_uncertainty

CHUNK = 2000  # rows at a time, for memory
N_REWEIGHTINGS = 2
ROWS_PER_HARMONIC = 2  # more harmonics than rows allow are not tried
MAX_OUTLIERS = 0.05  # of the rows; more are no outliers
N_MODELS = 15  # about how many are tried, for the progress bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person who measured knows."""

    gravity: tuple[float, float, float] = (0.0, 0.0, -1.0)  # its direction in the arm's base
    has_history: bool = False  # the rows are in the order in which the arm moved
    tick: Callable[[], None] = field(default=lambda: None)  # after each model that is tried

    def __post_init__(self) -> None:
        """
        Check the direction of gravity.

        :raises ConfigError: If it has no direction.
        """
        if not 0.0 < np.linalg.norm(self.gravity) < math.inf:
            remedy = 'give a direction in the base such as 0 0 -1'
            raise ConfigError('gravity', f'{self.gravity} has no direction', remedy)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identification:
    """A measured arm, and the evidence for it."""

    nominal: Arm
    arm: Arm  # geometry, joint errors and their uncertainty
    setup: Setup
    measured: Measurements
    covered: NDArray[np.bool_]  # (6, N_BINS) angles of each joint that were measured
    choice: Choice
    tried: tuple[Candidate, ...]
    observability: Observability
    residuals: FloatArray  # (n, m) [m], [rad] of the final arm, on the rows it was fitted to
    outliers: NDArray[np.int64]  # rows that do not fit
    half_backlash: FloatArray  # (6,) [rad] by the sign of the last move; zero if not kept


def identify(
    nominal: Arm, measured: Measurements, options: Options | None = None
) -> Identification:
    """
    Return the arm as it was measured.

    :param nominal: The arm of the URDF.
    :raises DataError: If the measurements are unusable, do not fit the arm, cannot tell its
        geometry, or contradict one another.
    """
    options = options or Options()
    fit, observability = _checked_geometry(nominal, measured)
    if options.has_history:
        measured = measured.with_moves()
    covered, n_rows = covered_bins(measured.q), len(measured)
    chosen_rows = np.sort(np.random.default_rng(2).permutation(n_rows)[:MAX_ROWS])
    some = measured.take(chosen_rows)
    harmonics = _harmonics(n_rows)
    design = make_design(
        nominal,
        fit,
        some,
        covered=covered,
        gravity=np.array(options.gravity) / np.linalg.norm(options.gravity),
        n_harmonics=max(harmonics),
    )
    weights = _row_weights(design, measured, harmonics[0])
    evidence = Evidence(design, some.q, weights[chosen_rows], some.session_of_row)
    tried = choose(evidence, harmonics, has_history=options.has_history, tick=options.tick)
    best = [candidate for candidate in tried if candidate.is_kept][-1]
    choice, normal = best.choice, _normal(design, measured, weights)
    parameters = solve(design, normal, choice)
    final = _moved(design, parameters)
    final = fit_parameters(final.arm, final.setup, measured, frame_columns=())
    residuals = pose_residuals(final.arm, final.setup, measured)
    uncertainty = identified_uncertainty(
        final.arm, final.setup, design, normal, choice, held_out=best.random, measured=some
    )
    return Identification(
        nominal=nominal,
        arm=replace(final.arm, uncertainty=uncertainty),
        setup=final.setup,
        measured=measured,
        covered=covered,
        choice=choice,
        tried=tuple(tried),
        observability=observability,
        residuals=residuals,
        outliers=_outliers(residuals, measured),
        half_backlash=parameters[design.layout.parts[HISTORY]],
    )


def _checked_geometry(nominal: Arm, measured: Measurements) -> tuple[GeometryFit, Observability]:
    """Return the fitted geometry and what the rows tell of it, if they can be used at all."""
    require_usable(measured)
    require_plausible(nominal, measured)
    fit = fit_geometry(nominal, measured, fit_setup(nominal, measured))
    observability = observe(fit, measured)
    require_observable(observability, measured)
    require_same_arm(nominal, fit.arm, measured)
    return fit, observability


def _harmonics(n_rows: int) -> tuple[int, ...]:
    """Return the numbers of harmonics that so many rows may support."""
    return tuple(n for n in HARMONICS if n <= HARMONICS[0] or n * 6 * ROWS_PER_HARMONIC <= n_rows)


def _row_weights(design: Design, measured: Measurements, n_harmonics: int) -> FloatArray:
    """Return robust weights (n,) of all rows, for a model that is likely to be chosen."""
    likely = Choice(parts=(SETUP, FRAMES, SAG, MAPS), n_harmonics=n_harmonics, anchor=ANCHORS[0])
    weights = np.ones(len(measured))
    for _ in range(N_REWEIGHTINGS):
        parameters = solve(design, _normal(design, measured, weights), likely)
        left = np.concatenate([
            (right - jacobian @ parameters).reshape(len(part), -1)
            for part, (jacobian, right) in _chunks(design, measured)
        ])  # fmt: skip
        left *= design.scales
        weights = robust_weights(left, estimate_noise(left))
    return weights


def _normal(design: Design, measured: Measurements, weights: FloatArray) -> Normal:
    """Return the normal equations of all rows."""
    start, parts = 0, []
    for part, (jacobian, right) in _chunks(design, measured):
        parts.append(normal_of(jacobian, right, weights[start : start + len(part)]))
        start += len(part)
    return sum_normals(parts)


def _chunks(
    design: Design, measured: Measurements
) -> Iterator[tuple[Measurements, tuple[FloatArray, FloatArray]]]:
    """Yield parts of the rows with their columns, so that memory stays bounded."""
    for start in range(0, len(measured), CHUNK):
        part = measured.take(np.arange(start, min(start + CHUNK, len(measured))))
        yield part, design.columns(part)


def _moved(design: Design, parameters: FloatArray) -> GeometryFit:
    """Return arm and set-up with the parameters of a solution."""
    parts = design.layout.parts
    arm = moved_arm(design.fit.arm, parameters[parts[FRAMES]])
    sag = np.zeros((N_JOINTS, N_JOINTS + 1))
    sag[tuple(np.array(PAIRS).T)] = parameters[parts[SAG]]
    coefficients = parameters[parts[MAPS]].reshape(N_JOINTS, -1)
    errors = JointErrors.create(map_values(design.covered, coefficients), sag, design.gravity)
    return replace(
        design.fit,
        arm=replace(arm, joint_errors=errors),
        setup=moved_setup(design.fit.setup, parameters[parts[SETUP]]),
    )


def _outliers(residuals: FloatArray, measured: Measurements) -> NDArray[np.int64]:
    """
    Return the rows that do not fit.

    :raises DataError: If there are too many of them to be outliers.
    """
    rows = outlier_rows(residuals)
    if len(rows) > max(1, math.floor(MAX_OUTLIERS * len(measured))):
        problem = f'{len(rows)} of {len(measured)} rows contradict the others: '
        problem += measured.names(rows)
        raise DataError(measured.source, problem, 'remove them, or measure them again')
    return rows
