# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Colours of the view, and the arms that it shows faded."""

from __future__ import annotations

from dataclasses import dataclass

from ..kinematics import Joints
from ..solver import IkStatus

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255

GREY: Colour = (150, 152, 158)
ANSWER: Colour = (46, 160, 67)
OTHER: Colour = (56, 120, 220)
REFUSED: Colour = (200, 60, 60)
PROPOSAL: Colour = (240, 170, 20)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ghost:
    """An arm that is shown faded."""

    q: Joints  # (6,) [rad]
    colour: Colour
    opacity: float


def branch_colour(status: IkStatus) -> Colour:
    """Return the colour of a solution: may be taken, needs another posture, refused."""
    if status is IkStatus.SOLVED:
        return ANSWER
    if status in (IkStatus.SOLVED_OTHER_POSTURE, IkStatus.OTHER_POSTURE):
        return OTHER
    return REFUSED


def css(colour: Colour) -> str:
    """Return a colour as CSS has it."""
    return f'rgb{colour}'
