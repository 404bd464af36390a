# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
How rich a model the measurements support: cross-validation by random rows and by regions.

A region is a range of one joint's angle, so that the rows held out stand where the arm was not
measured; where there are several sessions, each is held out as well. Random rows tell how good a
model is where the arm was measured. All are needed: maps fitted without care divide the error of
random rows by four and double that of another session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...kinematics import N_JOINTS, FloatArray
from .design import FRAMES, HISTORY, MAPS, OFFSETS, SAG, SETUP, Design
from .normal import Choice, Normal, normal_of, solve, sum_normals
from .series import covered_bins, weights

N_RANDOM_FOLDS, N_REGIONS = 5, 3
MIN_GAIN = 0.01  # of held-out error, for which a richer model is kept
MAP_SDS = (1e-3, 3e-4, 1e-4, 3e-5)  # [rad] of one coefficient; smaller ones smooth more
ANCHORS = (0.005, 0.015, 0.05)  # shares of the rows, see Design.anchor
HARMONICS = (40, 20, 80)
MAX_ROWS = 3000  # more add time and no evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A model and its errors on rows that were held out."""

    choice: Choice
    random: FloatArray  # (n, m) residuals of each row, held out with other random rows
    random_score: float  # mean error in units of the noise
    region_score: float
    session_score: float  # 1 where there is only one session
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fold:
    """Rows held out together."""

    rows: NDArray[np.int64]
    jacobian: FloatArray  # (k m, p) in units of the noise
    residuals: FloatArray  # (k m,)
    normal: Normal  # their part of the normal equations
    fading: FloatArray  # (k,) of the map of a joint whose region this is, else (0,)
    joint: int = -1  # whose region it is
    is_session: bool = False  # all rows of one set-up, which is then fitted anew


class Evidence:
    """Held-out errors of models of one set of measurements."""

    def __init__(
        self,
        design: Design,
        q: FloatArray,
        row_weights: FloatArray,
        sessions: NDArray[np.int64],
    ) -> None:
        """Prepare the folds: their parts of the normal equations serve every model."""
        self._design, self._q, self._weights = design, q, row_weights
        labels = np.random.default_rng(1).permutation(len(q)) % N_RANDOM_FOLDS
        self._random = [self._fold(np.flatnonzero(labels == k)) for k in range(N_RANDOM_FOLDS)]
        self._regions = [self._fold(self._region(joint), joint) for joint in range(N_JOINTS)]
        n_sessions = int(sessions.max()) + 1
        self._sessions = [
            self._fold(np.flatnonzero(sessions == k), is_session=True)
            for k in range(n_sessions if n_sessions > 1 else 0)
        ]
        parts = [fold.normal for fold in self._random]
        self._total = sum_normals(parts)

    def _region(self, joint: int) -> NDArray[np.int64]:
        """Return the rows of one part of the range of a joint, another one for each joint."""
        order = np.argsort(self._q[:, joint], kind='stable')
        return np.sort(np.array_split(order, N_REGIONS)[joint % N_REGIONS])

    def _fold(
        self, rows: NDArray[np.int64], joint: int = -1, *, is_session: bool = False
    ) -> _Fold:
        jacobian, residuals = self._design.rows(rows)
        fading = np.empty(0)
        if joint >= 0:
            others = np.delete(np.arange(len(self._q)), rows)
            fading = weights(covered_bins(self._q[others])[joint], self._q[rows, joint])
        return _Fold(
            rows=rows,
            jacobian=jacobian,
            residuals=residuals,
            normal=normal_of(jacobian, residuals, self._weights[rows]),
            fading=fading,
            joint=joint,
            is_session=is_session,
        )

    def measure(self, choice: Choice) -> Candidate:
        """Return a model with its held-out errors."""
        random = np.empty_like(self._design.residuals)
        for fold in self._random:
            random[fold.rows] = self._held_out(fold, choice)
        regions = [self._score(self._held_out(f, choice), f.rows) for f in self._regions]
        score = self._score(random, np.arange(len(random)))
        sessions = [self._score(self._held_out(f, choice), f.rows) for f in self._sessions]
        return Candidate(
            choice=choice,
            random=random * self._design.scales,
            random_score=score,
            region_score=float(np.mean(regions)),
            session_score=float(np.mean(sessions)) if sessions else 1.0,
            is_kept=False,
        )

    def _held_out(self, fold: _Fold, choice: Choice) -> FloatArray:
        """Return the residuals (k, m) of a fold, for the parameters that the other rows give."""
        others = Normal(
            matrix=self._total.matrix - fold.normal.matrix,
            right=self._total.right - fold.normal.right,
            n_rows=self._total.n_rows - fold.normal.n_rows,
        )
        parameters = solve(self._design, others, choice)
        n_rows = len(fold.rows)
        flat = fold.residuals - fold.jacobian @ parameters
        if fold.is_session:
            setup = fold.jacobian[:, self._design.layout.parts[SETUP]]
            flat = flat - setup @ np.linalg.lstsq(setup, flat, rcond=None)[0]
        left = flat.reshape(n_rows, -1)
        if fold.joint >= 0:
            maps = self._design.layout.parts[MAPS].reshape(N_JOINTS, -1)[fold.joint]
            gone = fold.jacobian[:, maps] @ parameters[maps]
            left += gone.reshape(n_rows, -1) * (1.0 - fold.fading)[:, None]
        return left

    def _score(self, residuals: FloatArray, rows: NDArray[np.int64]) -> float:
        """Return the mean error of rows in units of the noise; outliers count little."""
        errors = np.sqrt((residuals**2).mean(axis=1))
        return float(np.average(errors, weights=self._weights[rows]))


def choose(
    evidence: Evidence, harmonics: Sequence[int], *, has_history: bool, tick: Callable[[], None]
) -> list[Candidate]:
    """
    Return the models that were tried, simplest first; the last that is kept is the choice.

    :param harmonics: Numbers of harmonics to try, the first one for all other choices.
    :param has_history: Whether the rows are in the order of the moves.
    :param tick: Called after each model, for a progress bar.
    """
    search = _Search(evidence, tick)
    search.attempt(Choice(parts=(SETUP, OFFSETS)))
    search.attempt(Choice(parts=(SETUP, FRAMES)))
    search.attempt(_with(search.best.choice, SAG))
    maps = replace(_with(search.best.choice, MAPS), n_harmonics=harmonics[0], anchor=ANCHORS[0])
    for map_sd in MAP_SDS:
        search.attempt(replace(maps, map_sd=map_sd))
    if MAPS in search.best.choice.parts:
        for anchor in ANCHORS[1:]:
            search.attempt(replace(search.best.choice, anchor=anchor))
        for n_harmonics in harmonics[1:]:
            search.attempt(replace(search.best.choice, n_harmonics=n_harmonics))
        search.attempt(_toggled(search.best.choice, SAG))
    if has_history:
        search.attempt(_with(search.best.choice, HISTORY))
    return search.tried


class _Search:
    """The best model so far, and all that were tried."""

    def __init__(self, evidence: Evidence, tick: Callable[[], None]) -> None:
        self._evidence, self._tick = evidence, tick
        self.best = replace(evidence.measure(Choice(parts=(SETUP,))), is_kept=True)
        self.tried = [self.best]

    def attempt(self, choice: Choice) -> None:
        """Measure a model, and keep it if it is better."""
        candidate = self._evidence.measure(choice)
        self._tick()
        if is_better(candidate, self.best):
            candidate = self.best = replace(candidate, is_kept=True)
        self.tried.append(candidate)


def is_better(candidate: Candidate, best: Candidate) -> bool:
    """
    Return whether held-out errors are smaller, those of random rows, regions, sessions alike.

    A model with more parts must gain ``MIN_GAIN``, and may not be worse for random rows.
    """
    scores = [
        np.log(getattr(candidate, name) / getattr(best, name))
        for name in ('random_score', 'region_score', 'session_score')
    ]
    random, gain = scores[0], -sum(scores) / 3.0
    if len(candidate.choice.parts) <= len(best.choice.parts):
        return bool(gain > 0.0)
    return bool(gain > MIN_GAIN and random < MIN_GAIN)


def _with(choice: Choice, part: str) -> Choice:
    return replace(choice, parts=(*choice.parts, part))


def _toggled(choice: Choice, part: str) -> Choice:
    if part not in choice.parts:
        return _with(choice, part)
    return replace(choice, parts=tuple(one for one in choice.parts if one != part))
