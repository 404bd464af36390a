# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint states that come in several messages, for example from one driver for each half."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .messages import InvalidMessage, JointReader, JointReading, ns_from_time

if TYPE_CHECKING:
    from sensor_msgs.msg import JointState


@dataclass(frozen=True, slots=True)
class PartialReading:
    """Some joints have been read; the others are still those of the last whole reading."""


PARTIAL = PartialReading()


class JointMerger:
    """
    Reads the arm's joints from joint states, by name, wherever each of them comes from.

    A message with all joints is a reading, as with ``JointReader``. Messages with some of them
    make up a reading once each joint is newer than in the reading before, so a part that stops
    coming ends the readings. The oldest part is then at most a period of the others old.
    """

    def __init__(self, joint_names: Sequence[str]) -> None:
        self._reader = JointReader(joint_names)
        self.clear()

    def clear(self) -> None:
        """Forget what has been read."""
        self._newest: dict[str, tuple[float, int]] = {}  # joint -> angle [rad], stamp [ns]
        self._is_new: set[str] = set()  # joints since the last reading

    @property
    def awaited(self) -> tuple[str, ...]:
        """Joints that are missing for the next reading, while others come."""
        if not self._is_new:
            return ()
        return tuple(name for name in self._reader.joint_names if name not in self._is_new)

    def read(self, message: JointState) -> JointReading | PartialReading | InvalidMessage | None:
        """
        Return the angles of the joints, or why there are none.

        The stamp of a reading in parts is that of its oldest one. None for a message with other
        joints only.
        """
        reading = self._reader.read(message)
        if isinstance(reading, InvalidMessage) and self._reader.missing:
            return self._merged(message)
        if reading is not None and self._newest:
            self.clear()
        return reading

    def _merged(self, message: JointState) -> JointReading | PartialReading | InvalidMessage:
        names, positions = list(message.name), message.position
        if len(positions) != len(names):
            return InvalidMessage(
                reason=f'joint state has {len(names)} names and {len(positions)} positions'
            )
        joint_names = self._reader.joint_names
        found = {
            name: position
            for name, position in zip(names, positions, strict=True)
            if name in joint_names
        }
        bad = [name for name, position in found.items() if not math.isfinite(position)]
        if bad:
            reason = f'joint state has no finite position for {", ".join(bad)}'
            return InvalidMessage(reason=reason)
        stamp_ns = ns_from_time(message.header.stamp)
        self._newest.update({name: (position, stamp_ns) for name, position in found.items()})
        self._is_new.update(found)
        missing = [name for name in joint_names if name not in self._newest]
        if missing:
            return InvalidMessage(reason=f'joint state lacks {", ".join(missing)}')
        if len(self._is_new) < len(joint_names):
            return PARTIAL
        self._is_new.clear()
        q, stamps_ns = zip(*(self._newest[name] for name in joint_names), strict=True)
        return JointReading(q=np.array(q), stamp_ns=min(stamps_ns))
