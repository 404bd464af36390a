# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Arms of every kind, as URDFs of our own making; only dimensions are taken from data sheets.

A joint is (xyz, rpy, axis, limit): limit in rad either way, None for a continuous joint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Joint = tuple[str, str, str, float | None]

HALF = f'{math.pi / 2!r}'
X, Y, Z, NO_TURN = '1 0 0', '0 1 0', '0 0 1', '0 0 0'
TAU = 2.0 * math.pi
GRIPPER = """
<joint name="{p}grip" type="fixed"><parent link="{p}flange"/><child link="{p}hand"/>
<origin xyz="0 0 0.1"/></joint><link name="{p}hand"/>
<joint name="{p}finger" type="prismatic"><parent link="{p}hand"/><child link="{p}left"/>
<axis xyz="0 1 0"/><limit lower="0" upper="0.04" effort="1" velocity="1"/></joint>
<link name="{p}left"/>
<joint name="{p}follower" type="prismatic"><parent link="{p}hand"/><child link="{p}right"/>
<mimic joint="{p}finger"/><limit lower="0" upper="0.04" effort="1" velocity="1"/></joint>
<link name="{p}right"/>
<joint name="{p}tcp_joint" type="fixed"><parent link="{p}hand"/><child link="{p}tcp"/>
<origin xyz="0 0 0.12" rpy="0 0 0.4"/></joint><link name="{p}tcp"/>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A robot description, and where its arm is in it."""

    text: str
    base: str = 'base'
    tip: str = 'flange'
    is_exact: bool = False  # the last three axes meet


def links(joints: tuple[Joint, ...], flange: str, *, prefix: str = '') -> str:
    """Return the links and joints of an arm on the link ``base``."""
    parts, parent = [f'<link name="{prefix}base"/>'], f'{prefix}base'
    for i, (xyz, rpy, axis, limit) in enumerate(joints, start=1):
        kind = 'continuous' if limit is None else 'revolute'
        bounds = '' if limit is None else f' lower="{-limit!r}" upper="{limit!r}"'
        parts.append(
            f'<joint name="{prefix}j{i}" type="{kind}"><parent link="{parent}"/>'
            f'<child link="{prefix}l{i}"/><origin xyz="{xyz}" rpy="{rpy}"/><axis xyz="{axis}"/>'
            f'<limit effort="1" velocity="2"{bounds}/></joint><link name="{prefix}l{i}"/>'
        )
        parent = f'{prefix}l{i}'
    return ''.join(
        [
            *parts,
            f'<joint name="{prefix}j7" type="fixed"><parent link="{parent}"/>',
            f'<child link="{prefix}flange"/><origin {flange}/></joint>',
            f'<link name="{prefix}flange"/>',
        ]
    )


def robot(*parts: str) -> str:
    """Return the description that holds these parts."""
    return f'<robot name="arm">{"".join(parts)}</robot>'


def spherical(limit: float | None) -> tuple[Joint, ...]:
    """Return a 6 kg class industrial arm with an offset shoulder and a spherical wrist."""
    return (
        ('0 0 0.3', NO_TURN, Z, limit),
        ('0.15 0 0.1', NO_TURN, Y, 2.0),
        ('0 0 0.6', NO_TURN, Y, 2.4),
        ('0 0 0.12', NO_TURN, X, limit),
        ('0.62 0 0', NO_TURN, Y, 2.1),
        ('0 0 0', NO_TURN, X, limit),
    )


def parallel(limit: float | None, wrist: float = 0.1333) -> tuple[Joint, ...]:
    """Return an arm with three parallel axes, of the dimensions of a UR5e."""
    return (
        ('0 0 0.1625', NO_TURN, Z, limit),
        (NO_TURN, f'{HALF} 0 0', Z, limit),
        ('-0.425 0 0', NO_TURN, Z, limit if limit is None else math.pi),
        (f'-0.3922 0 {wrist}', NO_TURN, Z, limit),
        ('0 -0.0997 0', f'{HALF} 0 0', Z, limit),
        ('0 0.0996 0', f'-{HALF} 0 0', Z, limit),
    )


def offset(forearm: float, wrist: float) -> tuple[Joint, ...]:
    """Return an arm whose axes 4 and 6 miss each other, of the dimensions of a CRX."""
    return (
        ('0 0 0.245', NO_TURN, Z, 3.3),
        (NO_TURN, NO_TURN, Y, 3.1),
        ('0 0 0.54', NO_TURN, Y, 4.7),
        (NO_TURN, NO_TURN, X, 3.3),
        (f'{forearm} 0 0', NO_TURN, Y, 3.1),
        (f'0 {wrist} 0', NO_TURN, X, 3.9),
    )


FORWARD = f'xyz="0.085 0 0" rpy="0 {HALF} 0"'
TILTED_WRIST = (
    *spherical(3.0)[:3],
    ('0 0 0.3', NO_TURN, Z, None),
    ('0 0 0.1', '1.0471975511965976 0 0', Z, None),  # curved wrist: axes 60 degrees apart
    ('0 0 0.1', '1.0471975511965976 0 0', Z, None),
)
NEARLY_SPHERICAL = (*spherical(3.1)[:5], ('0 0.001 0', NO_TURN, X, 3.1))
OBLIQUE = (
    ('0 0 0.2', '0.1 -0.2 0.3', '0.2 0.1 1', 2.8),
    *spherical(3.0)[1:3],
    ('0.05 0.03 0.1', '0.2 0 0', '1 0.1 -0.1', 2.9),
    ('0.5 0 0', '0 0.3 0', '0.1 1 0', 2.2),
    ('0.08 0.05 0', NO_TURN, '1 0 0.2', 3.0),
)

GEOMETRIES = {
    'spherical wrist': Geometry(text=robot(links(spherical(3.0), FORWARD)), is_exact=True),
    'spherical wrist, more than a turn': Geometry(
        text=robot(links(spherical(6.0), FORWARD)), is_exact=True
    ),
    'continuous joints': Geometry(text=robot(links(spherical(None), FORWARD)), is_exact=True),
    'UR5e': Geometry(text=robot(links(parallel(TAU), 'rpy="0 0 0"'))),
    'UR5e, all joints continuous': Geometry(text=robot(links(parallel(None), 'rpy="0 0 0"'))),
    'CRX-10iA': Geometry(text=robot(links(offset(0.54, 0.15), 'xyz="0.16 0 0"'))),
    'CRX-10iA/L': Geometry(text=robot(links(offset(0.71, 0.15), 'xyz="0.16 0 0"'))),
    'tilted wrist': Geometry(text=robot(links(TILTED_WRIST, 'xyz="0 0 0.1"'))),
    'axes that miss by a millimetre': Geometry(text=robot(links(NEARLY_SPHERICAL, FORWARD))),
    'oblique axes': Geometry(text=robot(links(OBLIQUE, FORWARD))),
    'with a gripper': Geometry(
        text=robot(links(spherical(3.0), FORWARD), GRIPPER.format(p='')), tip='tcp', is_exact=True
    ),
    'two arms in one file': Geometry(
        text=robot(
            '<link name="world"/>',
            *(
                f'<joint name="{p}stand" type="fixed"><parent link="world"/>'
                f'<child link="{p}base"/><origin xyz="0 {y} 1" rpy="{turn} 0 0"/></joint>'
                + links(joints, FORWARD, prefix=p)
                for p, y, turn, joints in (
                    ('left_', 0.4, -0.7, spherical(3.0)), ('right_', -0.4, 0.7, parallel(None)),
                )
            ),
            GRIPPER.format(p='left_'),
        ),
        base='world',
        tip='left_tcp',
        is_exact=True,
    ),
}  # fmt: skip
