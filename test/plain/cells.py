# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptions of the shipped arm in cells: on a pedestal or a rail, with a gripper."""

from __future__ import annotations

from strategies import URDF_FILE

URDF = URDF_FILE.read_text()
WORLD_BASE = ([0.5, -0.2, 0.8], [0.0, 0.0, 0.7])  # xyz [m], rpy [rad]
TIP_TCP = ([0.02, -0.01, 0.25], [0.1, 0.3, -0.4])


def fixed(parent: str, child: str, xyz=(0.0, 0.0, 0.0), rpy=(0.0, 0.0, 0.0)) -> str:
    """Return a new link and the fixed joint that carries it, or that it carries."""
    numbers = {'xyz': ' '.join(map(str, xyz)), 'rpy': ' '.join(map(str, rpy))}
    origin = f'<origin xyz="{numbers["xyz"]}" rpy="{numbers["rpy"]}"/>'
    return (
        f'<joint name="{parent}-{child}" type="fixed"><parent link="{parent}"/>'
        f'<child link="{child}"/>{origin}</joint>'
    )


def moving(parent: str, child: str, kind: str = 'prismatic', mimic: str = '') -> str:
    """Return a joint that moves, such as a finger's or a rail's."""
    follows = f'<mimic joint="{mimic}"/>' if mimic else ''
    return (
        f'<joint name="{parent}-{child}" type="{kind}"><parent link="{parent}"/>'
        f'<child link="{child}"/><axis xyz="0 1 0"/>{follows}'
        '<limit lower="0" upper="0.04" velocity="0.1" effort="10"/></joint>'
    )


def links(*names: str) -> str:
    return ''.join(f'<link name="{name}"/>' for name in names)


def with_parts(*parts: str, urdf: str = URDF) -> str:
    """Return a description with more links and joints."""
    return urdf.replace('</robot>', ''.join(parts) + '</robot>')


PEDESTAL = (links('world'), fixed('world', 'base_link', *WORLD_BASE))
GRIPPER = (
    links('gripper', 'tcp', 'left_finger', 'right_finger'),
    fixed('tool0', 'gripper', xyz=(0.0, 0.0, 0.1)),
    fixed('tool0', 'tcp', *TIP_TCP),
    moving('gripper', 'left_finger'),
    moving('gripper', 'right_finger', mimic='gripper-left_finger'),
)
CELL = with_parts(*PEDESTAL, *GRIPPER)
ON_A_RAIL = with_parts(
    links('world', 'carriage'),
    moving('world', 'carriage'),
    fixed('carriage', 'base_link'),
    *GRIPPER,
)
# The tool between the last link and tool0, as where tool0 is the centre of the tool.
TOOL_BEFORE_TIP = URDF.replace(
    '<parent link="link_6"/>\n    <child link="tool0"/>',
    '<parent link="adapter"/>\n    <child link="tool0"/>',
).replace(
    '</robot>',
    links('adapter') + fixed('link_6', 'adapter', (0.15, 0.0, 0.05), (0.0, 0.5, 0.0)) + '</robot>',
)
