# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for joints and poses of the shipped arm, and the arm itself."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from neural_ik_ros.kinematics import Arm, FloatArray, Joints, arm_from_urdf

REPOSITORY = Path(__file__).resolve().parents[2]
URDF_FILE = REPOSITORY / 'urdf' / 'irb2400.urdf'
SEED_RANGE = 0.1  # [rad] how far a near seed, or the arm in a dense stream, is from the answer


@lru_cache(maxsize=1)
def shipped_arm() -> Arm:
    """Return the IRB2400 of the repository's own URDF."""
    return arm_from_urdf(URDF_FILE.read_text())


def joints_within_limits() -> st.SearchStrategy[Joints]:
    """Joint vectors (6,) [rad] anywhere in the box of the limits."""
    arm = shipped_arm()
    return st.tuples(
        *(st.floats(low, high) for low, high in zip(arm.lower, arm.upper, strict=True))
    ).map(np.array)


def joints_anywhere() -> st.SearchStrategy[Joints]:
    """Joint vectors (6,) [rad] that know no limits."""
    return st.lists(st.floats(-10.0, 10.0), min_size=6, max_size=6).map(np.array)


@st.composite
def joints_near_wrist_singularity(draw: st.DrawFn) -> Joints:
    """Joint vectors whose joint 5 is zero, or within 1e-2 rad of it on a logarithmic scale."""
    q = draw(joints_within_limits())
    q[4] = draw(st.sampled_from([-1.0, 0.0, 1.0])) * 10.0 ** draw(st.floats(-12.0, -2.0))
    return q


@st.composite
def joints_near_limits(draw: st.DrawFn) -> Joints:
    """Joint vectors with at least one joint on a limit, or within 1e-3 rad of it."""
    arm, q = shipped_arm(), draw(joints_within_limits())
    joints = draw(st.sets(st.integers(0, 5), min_size=1))
    for j in joints:
        inwards = draw(st.sampled_from([0.0, 1e-12, 1e-9, 1e-6, 1e-3]))
        q[j] = draw(st.sampled_from([arm.lower[j] + inwards, arm.upper[j] - inwards]))
    return q


@st.composite
def joints_near_shoulder_singularity(draw: st.DrawFn) -> Joints:
    """Joint vectors whose wrist centre is on axis 1, or within 1e-2 m on a logarithmic scale."""
    arm, q = shipped_arm(), draw(joints_within_limits())
    distance = draw(st.sampled_from([-1.0, 0.0, 1.0])) * 10.0 ** draw(st.floats(-12.0, -2.0))
    q = at_axis_1(q, distance)
    assume(arm.lower[1] <= q[1] <= arm.upper[1])
    return q


def at_axis_1(q: Joints, distance: FloatArray | float) -> Joints:
    """Return joints (..., 6) with another joint 2, the wrist centre that far from axis 1 [m]."""
    # x of the wrist centre in the plane of the arm: 0.1 + a sin(q2) + b cos(q2), in metres.
    q, q3 = q.copy(), q[..., 2]
    a = 0.705 + 0.135 * np.cos(q3) - 0.755 * np.sin(q3)
    b = 0.755 * np.cos(q3) + 0.135 * np.sin(q3)
    q[..., 1] = np.arcsin((distance - 0.1) / np.hypot(a, b)) - np.arctan2(b, a)
    return q


@st.composite
def joints_near_straight_arm(draw: st.DrawFn) -> Joints:
    """Joint vectors with the elbow as straight as its limit lets it be, to within 1e-3 rad."""
    q = draw(joints_within_limits())
    q[2] = shipped_arm().lower[2] + draw(st.floats(0.0, 1e-3))
    return q


def any_joints() -> st.SearchStrategy[Joints]:
    """Joint vectors from everywhere and from each place that is known to be difficult."""
    return st.one_of(
        joints_within_limits(),
        joints_near_wrist_singularity(),
        joints_near_shoulder_singularity(),
        joints_near_limits(),
        joints_near_straight_arm(),
    )


def small_moves(largest: float = SEED_RANGE) -> st.SearchStrategy[Joints]:
    """Joint offsets (6,) [rad], none larger than ``largest``."""
    return st.lists(st.floats(-largest, largest), min_size=6, max_size=6).map(np.array)


@st.composite
def unit_vectors(draw: st.DrawFn) -> FloatArray:
    """Directions (3,): the axes of the frame, and everything between."""
    height, azimuth = draw(st.floats(-1.0, 1.0)), draw(st.floats(-math.pi, math.pi))
    radius = math.sqrt(1.0 - height * height)
    between = np.array([radius * math.cos(azimuth), radius * math.sin(azimuth), height])
    axes = [sign * axis for axis in np.eye(3) for sign in (1.0, -1.0)]
    return draw(st.sampled_from([between, *axes]))


@st.composite
def twists(draw: st.DrawFn, *, largest_angle: float = math.pi) -> FloatArray:
    """Twists (6,) ``[v, w]`` with rotations up to ``largest_angle``, tiny ones included."""
    linear = np.array(draw(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3)))
    tiny = st.floats(-12.0, -1.0).map(lambda exponent: 10.0**exponent)
    near_pi = tiny.map(lambda gap: max(largest_angle - gap, 0.0))
    angle = draw(st.one_of(st.floats(0.0, largest_angle), tiny, near_pi, st.just(largest_angle)))
    return np.concatenate([linear, angle * draw(unit_vectors())])
