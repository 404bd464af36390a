# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that are wrong in one way or another, and whether a command may follow them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from neural_ik_ros.interface.messages import fill_time, pose_from_transform
from neural_ik_ros.kinematics import Arm, Joints, forward

NUMBERS = (
    math.nan, math.inf, -math.inf, 5e-324, -2.2e-308, 1e300, -1e300, 0.0, -0.0, 1e9, 2.0**-1074,
)  # fmt: skip
FRAMES = (
    '', 'world', 'base_link/', 'base_link\n', '\x00', 'tool0', 'x' * 100_000, '\u202ebase_link',
)  # fmt: skip
PARTS = [('position', axis) for axis in 'xyz'] + [('orientation', axis) for axis in 'xyzw']


@dataclass(frozen=True)
class FuzzMessage:
    """A serialised message and whether a command may follow it."""

    content: bytes
    may_command: bool


def good_pose(arm: Arm, q: Joints, now_ns: int) -> PoseStamped:
    """Return the target that the joints reach."""
    message = PoseStamped(pose=pose_from_transform(forward(arm, q)))
    message.header.frame_id = 'base_link'
    fill_time(message.header.stamp, now_ns)
    return message


def fuzz_pose(rng: np.random.Generator, arm: Arm, q: Joints, now_ns: int) -> FuzzMessage:
    """Return a target near the joints that is wrong in one way, or only strange."""
    message = good_pose(arm, q + 0.02 * rng.uniform(-1.0, 1.0, 6), now_ns)
    mutate = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
    if mutate is bad_bytes:
        return bad_bytes(rng, serialize_message(message))
    may_command = mutate(rng, message)
    return FuzzMessage(serialize_message(message), may_command)


def bad_bytes(rng: np.random.Generator, content: bytes) -> FuzzMessage:
    """Return bytes that are too short, noise, or changed in some places."""
    kind = int(rng.integers(3))
    if kind == 0:
        return FuzzMessage(content[: int(rng.integers(len(content) - 1))], may_command=False)
    if kind == 1:
        return FuzzMessage(rng.bytes(int(rng.integers(200))), may_command=False)
    changed = bytearray(content)
    for at in rng.integers(len(content), size=3):
        changed[at] = int(rng.integers(256))
    return FuzzMessage(bytes(changed), may_command=True)


def bad_number(rng: np.random.Generator, message: PoseStamped) -> bool:
    part, axis = PARTS[int(rng.integers(len(PARTS)))]
    value = NUMBERS[int(rng.integers(len(NUMBERS)))]
    setattr(getattr(message.pose, part), axis, value)
    return math.isfinite(value) and (part == 'position' or abs(value) < 2.0)


def bad_norm(rng: np.random.Generator, message: PoseStamped) -> bool:
    factor = float(rng.choice([0.0, 1e-300, 1e-160, 0.5, 0.99, 1.01, 2.0, 1e160, 1e300]))
    for axis in 'xyzw':
        value = getattr(message.pose.orientation, axis)
        setattr(message.pose.orientation, axis, factor * value)
    return False


def bad_frame(rng: np.random.Generator, message: PoseStamped) -> bool:
    message.header.frame_id = FRAMES[int(rng.integers(len(FRAMES)))]
    return False


def bad_stamp(rng: np.random.Generator, message: PoseStamped) -> bool:
    seconds = [-(2**31), -1, 1, 2**31 - 1, 10**6]
    message.header.stamp.sec = int(rng.choice(seconds))
    message.header.stamp.nanosec = int(rng.choice([0, 2**32 - 1, 999_999_999]))
    return False


def far_away(rng: np.random.Generator, message: PoseStamped) -> bool:
    for axis in 'xyz':
        setattr(
            message.pose.position, axis, float(rng.uniform(-1.0, 1.0) * 10.0 ** rng.integers(9))
        )
    return True  # only where it can be reached


def nothing(_rng: np.random.Generator, _message: PoseStamped) -> bool:
    return True


MUTATIONS: tuple[Callable[..., Any], ...] = (
    *(bad_number, bad_norm, bad_frame, bad_stamp, bad_bytes, nothing) * 8,
    far_away,
)


def fuzz_joints(rng: np.random.Generator, names: list[str], q: Joints) -> JointState:
    """Return a joint state that is wrong in one way or another, or good."""
    message = JointState(name=list(names), position=q.tolist())
    kind = int(rng.integers(7))
    if kind == 0:
        message.position[int(rng.integers(6))] = NUMBERS[int(rng.integers(len(NUMBERS)))]
    elif kind == 1:
        message.position = rng.normal(size=int(rng.integers(0, 40))).tolist()
    elif kind == 2:
        order = rng.permutation(6)
        message.name = [names[i] for i in order]
        message.position = [float(q[i]) for i in order]
    elif kind == 3:
        message.name[int(rng.integers(6))] = str(rng.choice(['', 'joint_1', 'x' * 10_000, '\x00']))
    elif kind == 4:
        message.name = [f'other_{i}' for i in range(int(rng.integers(0, 50)))]
        message.position = [0.0] * len(message.name)
    elif kind == 5:
        message.velocity = [math.nan] * int(rng.integers(0, 9))
        message.effort = [1e308] * int(rng.integers(0, 9))
    return message
