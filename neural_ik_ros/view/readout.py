# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the panel says in figures: joint bars, the answer and its evidence, the solutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ..kinematics import TAU, Arm, FloatArray, Joints
from ..solver import Branch
from .appearance import (
    ANSWER,
    OTHER,
    PROPOSAL,
    REFUSED,
    Colour,
    Ghost,
    branch_colour,
    css,
)
from .follower import Snapshot

NEAR_LIMIT = math.radians(5.0)  # [rad] from which a bar turns red
HIDDEN = 2e-3  # [rad]
STYLE = 'font:12px/1.5 monospace;padding:0 0.75em'


def ghosts_of(snapshot: Snapshot) -> list[Ghost]:
    """Return the faded arms of a snapshot, the network's proposal last."""
    ghosts = [
        Ghost(q=branch.q, colour=branch_colour(branch.status), opacity=0.22)
        for branch in snapshot.branches
        if is_apart(branch.q, snapshot.q)
    ]
    proposal = snapshot.q_proposal
    if proposal is not None and is_apart(proposal, snapshot.q):
        ghosts.append(Ghost(q=proposal, colour=PROPOSAL, opacity=0.45))
    return ghosts


def is_apart(q: Joints, q_arm: Joints) -> bool:
    """Whether joints (6,) [rad] look different from those of the arm, in which they hide else."""
    return bool(np.abs(q - q_arm).max() > HIDDEN)


def joint_bars(arm: Arm, q: Joints) -> str:
    """Return a bar a joint (HTML): where it is between its limits, its angle, whole turns."""
    rows = []
    for name, angle, low, high in zip(arm.joint_names, q, arm.lower, arm.upper, strict=True):
        share = 100.0 * min(max((angle - low) / (high - low), 0.0), 1.0)
        is_near = min(angle - low, high - angle) < NEAR_LIMIT
        colour = css(REFUSED if is_near else OTHER)
        turns = round(angle / TAU)
        turn_text = f' {turns:+d} turn{"s" * (abs(turns) > 1)}' if turns else ''
        limits = f'{math.degrees(low):.1f}° to {math.degrees(high):.1f}°'
        rows.append(
            f'<div title="{escape(name)}: {limits}">'
            f'{escape(name[:14])} <b>{degrees_of(angle):+.2f}°</b>{turn_text}'
            '<div style="position:relative;height:8px;border-radius:4px;background:#8883">'
            f'<div style="position:absolute;left:calc({share:.2f}% - 4px);width:8px;height:8px;'
            f'border-radius:4px;background:{colour}"></div></div></div>'
        )
    return f'<div style="{STYLE}">{"".join(rows)}</div>'


def answer_text(snapshot: Snapshot) -> str:
    """Return the answer to the target and the evidence for it (HTML)."""
    solution = snapshot.solution
    is_solved = solution.status.is_solved
    colour = css(ANSWER if is_solved else REFUSED)
    rows = [f'<b style="color:{colour}">{escape(solution.reason)}</b>']
    if is_solved:
        error = f'{solution.position_error:.1e} m, {solution.rotation_error:.1e} rad'
        rows.append(_row('error', error))
        answered = f'{solution.seed}, {solution.iterations} iterations'
        rows.append(_row('answered by', answered))
        rows.append(_row('largest step', f'{math.degrees(solution.max_joint_step):.2f}°'))
    rows.append(_row('solver', f'{snapshot.solve_us:.0f} µs'))
    rows.append(_row('singular value', f'{snapshot.singular_value:.4f}'))
    if snapshot.q_proposal is not None:
        distance, angle = snapshot.proposal_error
        off = f'{1e3 * distance:.3g} mm, {math.degrees(angle):.2g}° off'
        rows.append(_row('network alone', off, PROPOSAL))
    xyz = ' '.join(f'{value:+.3f}' for value in snapshot.transform_base_target[:3, 3])
    rows.append(_row('target [m]', xyz))
    return f'<div style="{STYLE}">{"<br>".join(rows)}</div>'


def branch_table(branches: Sequence[Branch]) -> str:
    """Return all solutions (HTML), each with its colour, its reason and its joints in degrees."""
    if not branches:
        return f'<div style="{STYLE}">none</div>'
    rows = [
        f'<div><span style="color:{css(branch_colour(branch.status))}">■</span> '
        f'{escape(branch.reason)}<br>&nbsp; {_degrees(branch.q)}</div>'
        for branch in branches
    ]
    return f'<div style="{STYLE}">{"".join(rows)}</div>'


def degrees_of(angle: float) -> float:
    """Return an angle [rad] in degrees to show: rounded, and zero without a sign."""
    return round(math.degrees(angle), 2) + 0.0


def _degrees(q: FloatArray) -> str:
    return ' '.join(f'{degrees_of(angle):.0f}°' for angle in q)


def _row(name: str, value: str, colour: Colour | None = None) -> str:
    text = f'{escape(name)}: {escape(value)}'
    return text if colour is None else f'<span style="color:{css(colour)}">{text}</span>'
