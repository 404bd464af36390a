# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements that do not fit the arm: which mistaken unit or convention explains it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ...errors import DataError
from ...kinematics import N_JOINTS, Arm
from ..data.measurements import Measurements
from ..data.rotations import CONVENTIONS, QUATERNIONS, rotations_from
from .geometry_fit import fit_setup
from .model import Setup, frame_corrections, pose_residuals
from .start import first_setup

MAX_ERROR, MAX_TURN = 0.015, 0.03  # [m], [rad] median, of a nominal arm with base and tool fitted
MAX_OFFSET = 0.003  # [m] of a joint's frame; arms of one type differ by a millimetre or two
N_ROWS = 150
DEGREE = math.pi / 180.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alternative:
    """Another reading of the same numbers."""

    name: str
    measured: Measurements


def require_plausible(arm: Arm, measured: Measurements) -> None:
    """
    Refuse measurements that are far from the nominal arm, and say which mistake explains them.

    :raises DataError: If the median error of the nominal arm is more than 15 mm or 0.03 rad.
    """
    rows = np.arange(len(measured))[:: len(measured) // N_ROWS + 1]
    part = measured.take(rows)
    error, turn = _median_errors(arm, fit_setup(arm, part).setup, part)  # outliers count little
    if error <= MAX_ERROR and turn <= MAX_TURN:
        return
    found = [(sum(_relative(arm, other.measured)), other.name) for other in alternatives(part)]
    least, name = min(found, default=(math.inf, ''))
    problem = f'the arm is {1e3 * error:.0f} mm and {turn:.2f} rad (median) off its nominal model'
    if least < 2.0 and _is_clear(found, least):
        raise DataError(measured.source, f'{problem}, but it fits with {name}', 'correct that')
    remedy = 'check that the URDF, the order of the joints and the columns are those of this arm'
    raise DataError(measured.source, f'{problem}, and no other unit or convention fits', remedy)


def require_same_arm(nominal: Arm, arm: Arm, measured: Measurements) -> None:
    """
    Refuse a fitted geometry that no arm of this type has.

    :raises DataError: If the frame of a joint is more than 3 mm from its nominal place.
    """
    offsets = np.linalg.norm(frame_corrections(nominal, arm)[:, :3, 3], axis=1)
    joint = int(offsets.argmax())
    if offsets[joint] > MAX_OFFSET:
        problem = (
            f'the frame of {nominal.joint_names[joint]} would be {1e3 * offsets[joint]:.1f} mm '
            'from its nominal place: the data or the URDF are of another arm'
        )
        raise DataError(measured.source, problem, 'give the URDF of the arm that was measured')


def _is_clear(found: list[tuple[float, str]], least: float) -> bool:
    """Return whether the best alternative is much better than what is typical."""
    return least < 0.2 * float(np.median([one[0] for one in found]))


def _relative(arm: Arm, measured: Measurements) -> tuple[float, float]:
    error, turn = _median_errors(arm, first_setup(arm, measured), measured)
    is_good = error <= MAX_ERROR and turn <= MAX_TURN
    return (error / MAX_ERROR, turn / MAX_TURN) if is_good else (math.inf, math.inf)


def _median_errors(arm: Arm, setup: Setup, measured: Measurements) -> tuple[float, float]:
    """Return the median error [m] and turn [rad] of an arm in its set-up."""
    residuals = pose_residuals(arm, setup, measured)
    error = float(np.median(np.linalg.norm(residuals[:, :3], axis=1)))
    if residuals.shape[1] == 3:
        return error, 0.0
    return error, float(np.median(np.linalg.norm(residuals[:, 3:], axis=1)))


def alternatives(measured: Measurements) -> Iterator[Alternative]:
    """Yield readings of the same numbers with one mistake each."""
    for name, factor in (('joints in degrees', DEGREE), ('joints in radians', 1.0 / DEGREE)):
        yield Alternative(name=name, measured=replace(measured, q=measured.q * factor))
    if measured.positions is not None:
        units = (('positions in mm', 1e-3), ('positions in m', 1e3))
        for name, factor in units:
            moved = replace(measured, positions=measured.positions * factor)
            yield Alternative(name=name, measured=moved)
    for a, b in combinations(range(N_JOINTS), 2):
        order = list(range(N_JOINTS))
        order[a], order[b] = b, a
        name = f'the columns of joints {a + 1} and {b + 1} swapped'
        yield Alternative(name=name, measured=replace(measured, q=measured.q[:, order]))
    for joint in range(N_JOINTS):
        signs = np.ones(N_JOINTS)
        signs[joint] = -1.0
        name = f'the sign of joint {joint + 1} reversed'
        yield Alternative(name=name, measured=replace(measured, q=measured.q * signs))
    backwards = replace(measured, q=measured.q[:, ::-1])
    yield Alternative(name='the joints in reverse order', measured=backwards)
    yield from _orientations(measured)


def _orientations(measured: Measurements) -> Iterator[Alternative]:
    numbers, given = measured.orientation, measured.convention
    if numbers is None or measured.rotations is None:
        return
    inverse = replace(measured, rotations=measured.rotations.swapaxes(1, 2))
    yield Alternative(name='the inverse orientation', measured=inverse)
    is_quaternion = numbers.shape[1] == 4
    factors = {'': 1.0} if is_quaternion else {
        '': 1.0, ' in degrees': DEGREE, ' in radians': 1.0 / DEGREE,
    }  # fmt: skip
    for convention in CONVENTIONS:
        if (convention in QUATERNIONS) is not is_quaternion:
            continue
        for unit, factor in factors.items():
            if convention == given and not unit:
                continue
            rotations = rotations_from(numbers * factor, convention)
            name = f'the orientation read as {convention}{unit}'
            yield Alternative(name=name, measured=replace(measured, rotations=rotations))
