# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the answers to targets belong to one motion of the joints, and to one posture."""

from __future__ import annotations

import numpy as np

from ..kinematics import Arm, Joints, Transform, pose_error, posture
from ..solver import NEAR_STEP
from ..units import NS_PER_S
from .target_timing import MAX_INTERVAL_S

PARTS = ('shoulder', 'elbow', 'wrist')
JOINT_PER_ANGLE, JOINT_PER_DISTANCE = 5.0, 50.0  # [rad/rad], [rad/m] of the movement of a target


class StreamContinuity:
    """
    Compares the answer to each target of a stream with the one before.

    Close to a singularity, and between two postures, neighbouring targets can have answers half a
    turn apart. An arm that is sent there leaves the path. So an answer is a *jump* if a joint
    moves more than ``NEAR_STEP``, and far more than the target did. Targets stay refused then
    until an answer is near the last one that was followed, or the stream has ended.
    """

    def __init__(self) -> None:
        """Start without a target."""
        self.clear()

    def clear(self) -> None:
        """Forget the stream: the next target is the first of another one."""
        self._arrival_ns: int | None = None
        self._transform: Transform | None = None  # of the last target that was followed
        self._q: Joints | None = None  # its answer
        self._has_jumped = False  # since then

    def q_before(self, now_ns: int) -> Joints | None:
        """
        Note that a target arrives; return the last answer (6,) [rad] of the same stream.

        None for its first target.
        """
        if self._arrival_ns is not None:
            interval_s = (now_ns - self._arrival_ns) / NS_PER_S
            if not 0.0 <= interval_s <= MAX_INTERVAL_S:
                self.clear()
        self._arrival_ns = now_ns
        return self._q

    def is_jump(self, transform: Transform, q: Joints) -> bool:
        """
        Return whether the answer to the target that has arrived is a jump.

        :param transform: The target, (4, 4), translation in [m].
        :param q: Its answer, (6,) [rad].
        """
        if self._q is None or self._transform is None:
            return False
        step = float(np.abs(q - self._q).max())
        if step <= NEAR_STEP:
            return False
        if not self._has_jumped:
            distance, angle = pose_error(self._transform, transform)
            explained = JOINT_PER_DISTANCE * distance + JOINT_PER_ANGLE * angle
            self._has_jumped = step > float(explained)
        return self._has_jumped

    def follow(self, transform: Transform, q: Joints) -> None:
        """Note a target (4, 4) that is followed, and its answer (6,) [rad]."""
        self._transform, self._q, self._has_jumped = transform.copy(), q, False


class PostureWatch:
    """Notices when shoulder, elbow or wrist have got to their other side, however slowly."""

    def __init__(self, arm: Arm) -> None:
        """Start without a posture."""
        self._n_changes, self._last = 0, 'none'
        self.use_arm(arm)

    def use_arm(self, arm: Arm) -> None:
        """Forget the posture; count on."""
        self._arm, self._signs = arm, np.zeros(3, np.int8)

    def update(self, q: Joints) -> str:
        """Note the answer (6,) [rad] to a target; return what is on another side now."""
        signs = posture(self._arm, q)
        changed = np.flatnonzero(signs * self._signs < 0)
        # On a boundary both sides count: the last clear one is remembered.
        self._signs = np.where(signs == 0, self._signs, signs)
        if not len(changed):
            return ''
        self._n_changes += 1
        self._last = ', '.join(PARTS[k] for k in changed)
        return f'now on the other side: {self._last}'

    def diagnostic_values(self) -> dict[str, str]:
        """Return the posture and its changes."""
        sides = zip(PARTS, self._signs.tolist(), strict=True)
        return {
            'posture': ', '.join(f'{part} {sign:+d}' for part, sign in sides),
            'posture changes': f'{self._n_changes}',
            'last posture change': self._last,
        }
