# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The links and joints of a URDF, without what has no part in kinematics.

Geometry, inertia, materials, transmissions and the tags of simulators are not even looked at: each
program has its own, and none of them moves a frame. So everything that urdfdom reads is read, and
files that it refuses for a ``<capsule>``, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from lxml import etree

from ...errors import ExplainedError
from ..se3 import rotation_from_rpy
from ..types import N_JOINTS, FloatArray

MAX_URDF_BYTES = 4 * 1024 * 1024
MAX_CHAIN_JOINTS = 64
# The text is decoded already, and all that a declaration can still do is be wrong.
DECLARATION = re.compile(r'^[\ufeff\s]*<\?xml[^>]*\?>')
MAX_LISTED = 12  # names in an error
MAX_ARMS = 4  # the same
MAX_TEXT = 64  # characters of an attribute in an error
TYPES = ('revolute', 'continuous', 'prismatic', 'fixed', 'floating', 'planar')
TURNING = ('revolute', 'continuous')
SIX_NEEDED = 'name the two links with six revolute joints between them'


class UrdfError(ExplainedError):
    """A robot description does not contain a usable six-axis arm."""

    def __init__(self, problem: str, remedy: str = 'give a plain URDF (run xacro first)') -> None:
        super().__init__('robot description', problem, remedy)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UrdfJoint:
    """One joint as the file has it; what it leaves out has the URDF's default."""

    name: str
    type: str  # one of TYPES
    parent: str  # link
    child: str
    rotation: FloatArray  # (3, 3) of the joint's frame in its parent link
    translation: FloatArray  # (3,) [m]
    rpy: tuple[float, ...]  # [rad] that the rotation was made from
    axis: FloatArray  # (3,) in the joint's frame, of any length
    limit: Mapping[str, str] | None  # attributes; None without the element
    is_mimic: bool

    def limit_value(self, name: str) -> float:
        """
        Return a number of the limit [rad, rad/s]; 0 if it is left out, as urdfdom reads it.

        :raises UrdfError: If it is no number.
        """
        text = (self.limit or {}).get(name, '0')
        return _numbers(text, 1, f'{name} limit of joint {self.name!r}')[0]


class UrdfTree:
    """Links and joints by name."""

    def __init__(self, text: str) -> None:
        """
        Read a description.

        :param text: The URDF itself; at most 4 MiB, without a document type declaration.
        :raises UrdfError: If it is no URDF, or a joint cannot be read.
        """
        robot = _robot(text)
        self.name = robot.get('name', '')
        self.links = _unique('link', (_name(link) for link in _children(robot, 'link')))
        joints = [_joint(element) for element in _children(robot, 'joint')]
        _unique('joint', (joint.name for joint in joints))
        self.joints = tuple(joints)
        self._has_xacro = 'xacro' in str(robot.nsmap) or '${' in text

    def chain(self, base: str, tip: str) -> list[UrdfJoint]:
        """
        Return the joints from one link to another.

        :raises UrdfError: If a link is missing, or the second does not descend from the first.
        """
        for link in (base, tip):
            self.require_link(link)
        chain, link = self._ancestors(tip), tip
        for depth, joint in enumerate(chain):
            link = joint.parent
            if link == base:
                return chain[depth::-1]
        if tip == base:
            return []
        raise UrdfError(f'{tip!r} is not a descendant of {base!r}', self.arms_listed())

    def require_link(self, link: str) -> None:
        """
        Look for a link.

        :raises UrdfError: If there is none of this name; the remedy lists those there are.
        """
        if link in self.links:
            return
        near = get_close_matches(link, self.links, n=1)
        hint = f', the nearest is {near[0]!r}' if near else ''
        raise UrdfError(f'link {link!r} is missing{hint}', self.arms_listed())

    def arms_listed(self) -> str:
        """Return the remedy that names the links between which there are six joints."""
        if not self.links or self._has_xacro:
            return 'give a plain URDF (run xacro first)'
        pairs = [f'{base!r} and {tip!r}' for base, tip in self.arms()]
        if pairs:
            more = ' or '.join(pairs[:MAX_ARMS])
            return f'name base and tip: {more}, or links that are fixed to these'
        return f'{SIX_NEEDED}; the links are {listed(self.links)}'

    def arms(self) -> list[tuple[str, str]]:
        """Return for all runs of six turning joints the link before and the link after them."""
        found: dict[tuple[str, str], None] = {}
        for leaf in self.links:
            moving = [joint for joint in self._ancestors(leaf) if joint.type != 'fixed'][::-1]
            for first in range(len(moving) - N_JOINTS + 1):
                arm = moving[first : first + N_JOINTS]
                if all(joint.type in TURNING and not joint.is_mimic for joint in arm):
                    found[arm[0].parent, arm[-1].child] = None
        return list(found)

    def _ancestors(self, link: str) -> list[UrdfJoint]:
        """Return the joints from a link up to its root, or the first ones of a circle."""
        above = {joint.child: joint for joint in self.joints}
        chain: list[UrdfJoint] = []
        while link in above and len(chain) < MAX_CHAIN_JOINTS:
            chain.append(above[link])
            link = above[link].parent
        return chain


def _robot(text: str) -> etree._Element:
    """Return the root element."""
    data = DECLARATION.sub('', text).encode(errors='replace')
    if len(data) > MAX_URDF_BYTES:
        raise UrdfError(f'{len(data)} bytes are more than the {MAX_URDF_BYTES} allowed')
    if b'<!DOCTYPE' in data or b'<!ENTITY' in data:  # entities can expand without bound
        raise UrdfError('a document type declaration is not allowed')
    parser = etree.XMLParser(
        encoding='utf-8', recover=True, resolve_entities=False, no_network=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        robot = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UrdfError(f'not readable as URDF ({" ".join(str(error).split())})') from error
    # Prefixes that nobody declared are common, and none of our business.
    faults = [error for error in parser.error_log if error.domain_name != 'NAMESPACE']
    if robot is None or faults:
        fault = 'nothing in it'
        if faults:
            fault = f'{" ".join(faults[0].message.split())}, line {faults[0].line}'
        raise UrdfError(f'not readable as URDF ({fault})')
    if robot.tag.rpartition('}')[2] != 'robot':
        raise UrdfError(f'not readable as URDF (the root is <{robot.tag}>, not <robot>)')
    if robot.get('name') is None:
        raise UrdfError('the robot has no name', 'give <robot> a name')
    if not robot.get('version', '1.0').startswith('1.'):
        raise UrdfError(f'version {robot.get("version")!r} is unknown', 'give a URDF of version 1')
    return robot


def _children(element: etree._Element, tag: str) -> list[etree._Element]:
    """Return the children with a tag, in the default namespace of the file or in none."""
    return [
        child
        for child in element
        if isinstance(child.tag, str)
        and child.prefix is None
        and child.tag.rpartition('}')[2] == tag
    ]


def _child(element: etree._Element, tag: str) -> etree._Element | None:
    return next(iter(_children(element, tag)), None)


def _name(element: etree._Element) -> str:
    name = element.get('name')
    if not name:
        kind = element.tag.rpartition('}')[2]
        raise UrdfError(f'a {kind} has no name, line {element.sourceline}', 'give it a name')
    return str(name)


def _unique(kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return names, each of which may occur once."""
    seen: dict[str, None] = {}
    for name in names:
        if name in seen:
            raise UrdfError(f'two {kind}s are called {name!r}', 'give each a name of its own')
        seen[name] = None
    return tuple(seen)


def _joint(element: etree._Element) -> UrdfJoint:
    name = _name(element)
    kind = element.get('type')
    if kind not in TYPES:
        raise UrdfError(f'joint {name!r} has the type {kind!r}', f'use one of {", ".join(TYPES)}')
    ends = []
    for tag in ('parent', 'child'):
        end = _child(element, tag)
        link = None if end is None else end.get('link')
        if not link:
            raise UrdfError(f'joint {name!r} has no {tag} link', f'give it a <{tag} link="..."/>')
        ends.append(str(link))
    origin, axis, limit = (_child(element, tag) for tag in ('origin', 'axis', 'limit'))
    place = {} if origin is None else origin.attrib
    xyz = _numbers(place.get('xyz', '0 0 0'), 3, f'origin of joint {name!r}')
    rpy = _numbers(place.get('rpy', '0 0 0'), 3, f'origin of joint {name!r}')
    along = '1 0 0' if axis is None else axis.get('xyz', '1 0 0')
    return UrdfJoint(
        name=name,
        type=str(kind),
        parent=ends[0],
        child=ends[1],
        rotation=rotation_from_rpy(rpy) if np.isfinite(rpy).all() else np.full((3, 3), math.nan),
        translation=np.array(xyz),
        rpy=rpy,
        axis=np.array(_numbers(along, 3, f'axis of joint {name!r}')),
        limit=None if limit is None else dict(limit.attrib),
        is_mimic=_child(element, 'mimic') is not None,
    )


def _numbers(text: str, n: int, where: str) -> tuple[float, ...]:
    """Return n numbers of an attribute; they may be NaN or infinite."""
    try:
        numbers = tuple(float(word) for word in text.split())
    except ValueError:
        numbers = ()
    if len(numbers) != n:
        count = 'a number' if n == 1 else f'{n} numbers'
        raise UrdfError(f'the {where} is {text[:MAX_TEXT]!r}', f'give {count}')
    return numbers


def listed(names: Iterable[str]) -> str:
    """Return sorted names, the first ones of many."""
    in_order = sorted(set(names))
    more = f' and {len(in_order) - MAX_LISTED} more' if len(in_order) > MAX_LISTED else ''
    return ', '.join(in_order[:MAX_LISTED]) + more
