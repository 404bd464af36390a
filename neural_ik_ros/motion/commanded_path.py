# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The path over time that the controller has been sent, past and future, ending at rest.

Times are absolute, so the controller samples one path, whenever a message arrives and whenever it
updates. Between two knots every joint follows the quintic that matches position, velocity and
acceleration at both, which is what joint_trajectory_controller interpolates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kinematics import N_JOINTS, FloatArray, Joints
from ..kinematics.compiled import compiled
from ..units import S_PER_NS
from .generation.limits import MotionState
from .interpolation.quintic import quintic_into

CAPACITY = 2048  # knots: twice a second of commands at 1 kHz, or a whole motion and its past
MEMORY_NS = 600_000_000  # of the past, at least


class CommandedPath:
    """Knots of the commanded path: where each joint is to be at a time, how fast, and so on."""

    def __init__(self) -> None:
        """Start at rest at zero: ``start`` sets where the arm is."""
        self._times = np.zeros(CAPACITY, np.int64)  # [ns] increasing
        self._states = np.zeros((CAPACITY, 3, N_JOINTS))  # rows as in ``MotionState``
        self._first, self._n = 0, 1  # the knots in use

    def start(self, q: Joints, time_ns: int) -> None:
        """Forget everything: at rest at joints (6,) [rad] from a time on, and before it."""
        self._first, self._n = 0, 1
        self._times[0], self._states[0] = time_ns, 0.0
        self._states[0, 0] = q

    @property
    def rest_ns(self) -> int:
        """From when on the path is at rest [ns]."""
        return _rest_time(*self._knots)

    def state_at(self, time_ns: int) -> MotionState:
        """Return the state at a time; at rest after the end, and as at the first knot before."""
        rows = np.empty((3, N_JOINTS))
        _state_into(rows, *self._knots, time_ns)
        return MotionState(rows)

    def replace_from(
        self, time_ns: int, times_ns: NDArray[np.int64], states: FloatArray, now_ns: int
    ) -> None:
        """
        Follow other knots from a time on; up to it, the path stays what it was.

        :param time_ns: When the new part starts, from the state that the path has then.
        :param times_ns: Shape (n,), increasing, later than ``time_ns``.
        :param states: Shape (n, 3, 6); the last one is at rest.
        :param now_ns: Knots much older than this are forgotten.
        """
        branch = self.state_at(time_ns).rows
        self._make_room(len(times_ns) + 1, now_ns)
        index = self._first + _n_before(self._knots[0], time_ns)
        self._times[index], self._states[index] = time_ns, branch
        self._n = index + 1 + len(times_ns)
        self._times[index + 1 : self._n] = times_ns
        self._states[index + 1 : self._n] = states

    def range(self, from_ns: int, to_ns: int, n_times: int) -> tuple[Joints, Joints]:
        """Return the smallest and largest angles (6,) [rad] at evenly spaced times."""
        extremes = np.empty((2, N_JOINTS))
        _range_into(extremes, *self._knots, from_ns, to_ns, n_times)
        return extremes[0], extremes[1]

    def knots(
        self, from_ns: int, *, spacing_ns: int = 0, dense_ns: int = 0
    ) -> tuple[NDArray[np.int64], FloatArray]:
        """
        Return times (n,) [ns] and states (n, 3, 6) of the path from a time on, copied.

        :param from_ns: Time of the first one, which need not be a knot.
        :param spacing_ns: Least time between those before ``dense_ns``.
        :param dense_ns: Time from which on every knot is returned.
        """
        times = np.empty(self._n - self._first + 1, np.int64)
        states = np.empty((len(times), 3, N_JOINTS))
        n = _knots_into(times, states, *self._knots, from_ns, spacing_ns, dense_ns)
        return times[:n], states[:n]

    @property
    def _knots(self) -> tuple[NDArray[np.int64], FloatArray]:
        """Times (n,) [ns] and states (n, 3, 6) in use."""
        used = slice(self._first, self._n)
        return self._times[used], self._states[used]

    def shift(self, by_ns: int) -> None:
        """Move the path in time, as the clock that it is measured by has been moved."""
        self._times[self._first : self._n] += by_ns

    def _make_room(self, n_new: int, now_ns: int) -> None:
        """Forget old knots, and move the others to the front, if the new ones need the room."""
        if self._n + n_new <= CAPACITY:
            return
        times, states = self._knots
        oldest = max(_n_before(times, now_ns - MEMORY_NS) - 1, 0)
        kept = len(times) - oldest
        self._times[:kept], self._states[:kept] = times[oldest:].copy(), states[oldest:].copy()
        self._first, self._n = 0, kept


@compiled
def _n_before(times: NDArray[np.int64], time_ns: int) -> int:
    """Return how many knots are earlier than a time."""
    n = len(times)
    while n > 0 and times[n - 1] >= time_ns:
        n -= 1
    return n


@compiled
def _state_into(
    rows: FloatArray, times: NDArray[np.int64], states: FloatArray, time_ns: int
) -> None:
    """Write position, velocity and acceleration (3, 6) of the path at a time."""
    index = _n_before(times, time_ns)
    if index == len(times):
        rows[0], rows[1], rows[2] = states[index - 1, 0], 0.0, 0.0
        return
    rows[:] = states[index]
    if times[index] == time_ns:
        return
    if index == 0:
        rows[1], rows[2] = 0.0, 0.0
        return
    duration = (times[index] - times[index - 1]) * S_PER_NS
    t = (time_ns - times[index - 1]) * S_PER_NS
    quintic_into(rows, states[index - 1], states[index], duration, t)


@compiled
def _rest_time(times: NDArray[np.int64], states: FloatArray) -> int:
    """Return the time of the first of the last knots between which nothing moves."""
    first = len(times) - 1
    while (
        first > 0
        and (states[first - 1, 0] == states[first, 0]).all()
        and not (states[first - 1, 1:].any())
    ):
        first -= 1
    return int(times[first])


@compiled
def _knots_into(
    out_times: NDArray[np.int64],
    out_states: FloatArray,
    times: NDArray[np.int64],
    states: FloatArray,
    from_ns: int,
    spacing_ns: int,
    dense_ns: int,
) -> int:
    """Write the knots that ``CommandedPath.knots`` returns; return their number."""
    out_times[0] = from_ns
    _state_into(out_states[0], times, states, from_ns)
    n = 1
    for i in range(_n_before(times, from_ns + 1), len(times)):
        time_ns = times[i]
        if time_ns < dense_ns and (
            time_ns - out_times[n - 1] < spacing_ns or dense_ns - time_ns < spacing_ns
        ):
            continue
        out_times[n], out_states[n] = time_ns, states[i]
        n += 1
    return n


@compiled
def _range_into(
    extremes: FloatArray,
    times: NDArray[np.int64],
    states: FloatArray,
    from_ns: int,
    to_ns: int,
    n_times: int,
) -> None:
    """Write the smallest and largest angles (2, 6) of the path at evenly spaced times."""
    rows = np.empty((3, N_JOINTS))
    extremes[0], extremes[1] = np.inf, -np.inf
    for k in range(n_times):
        _state_into(rows, times, states, from_ns + (to_ns - from_ns) * k // (n_times - 1))
        for i in range(N_JOINTS):
            extremes[0, i] = min(extremes[0, i], rows[0, i])
            extremes[1, i] = max(extremes[1, i], rows[0, i])
