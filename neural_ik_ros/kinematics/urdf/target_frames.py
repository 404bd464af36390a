# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From poses of the tool in a frame of the robot to poses of the arm's tip in its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from ...errors import ConfigError
from ..se3 import invert, transform_from_xyz_rpy
from ..types import Transform
from .arms import link_names, links_fixed_to
from .tree import listed

MAX_NAME_LENGTH = 64  # of a received name in a reason
SAME = 1e-9  # [m] and unitless, up to which two transforms are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSettings:
    """The parameters that say in which frame, and of which point, targets are poses."""

    prefix: str = ''  # before names; a link that has none, such as world, is found as well
    base_frame: str = ''  # empty: the base of the arm
    tool_frame: str = ''  # empty: the tip of the arm
    tool: tuple[float, ...] = (0.0,) * 6  # xyz [m], rpy [rad] of the tool's tip in tool_frame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedLinks:
    """The links that fixed joints connect to the base and to the tip of an arm."""

    base: Mapping[str, Transform]  # link -> transform_base_link, (4, 4) [m]
    tip: Mapping[str, Transform]  # link -> transform_tip_link


class TargetFrames:
    """
    The frames that targets may be given in, and the tool whose poses they are.

    Without links it knows no frame: for a description that has not arrived yet.
    """

    def __init__(
        self, *, base_frame: str, tool_frame: str, links: FixedLinks, transform_tip_tool: Transform
    ) -> None:
        """
        Prepare the products, without those with the identity.

        :param base_frame: Frame of solutions, and of poses that name none.
        :param transform_tip_tool: Tip of the tool in the tip of the arm, (4, 4) [m].
        """
        self.base_frame, self.tool_frame, self.links = base_frame, tool_frame, links
        self.transform_tip_tool = transform_tip_tool
        self._transform_tool_tip = _unless_identity(invert(transform_tip_tool))
        self._transforms_base_frame = {
            name: _unless_identity(transform) for name, transform in links.base.items()
        }

    def __contains__(self, frame: str) -> bool:
        """Return whether a frame is fixed to the base of the arm."""
        return frame.removeprefix('/') in self._transforms_base_frame

    def tip_pose(self, transform_frame_tool: Transform, frame: str) -> Transform:
        """
        Return the pose (4, 4) [m] of the arm's tip in its base that puts the tool at a target.

        :param transform_frame_tool: The target (4, 4) [m].
        :param frame: One that is known.
        """
        transform = self.in_base(transform_frame_tool, frame)
        if self._transform_tool_tip is not None:
            transform = transform @ self._transform_tool_tip
        return transform

    def in_base(self, transform: Transform, frame: str) -> Transform:
        """Return a pose (4, 4) [m] that is given in a known frame in the base of the arm."""
        transform_base_frame = self._transforms_base_frame[frame.removeprefix('/')]
        return transform if transform_base_frame is None else transform_base_frame @ transform

    def tool_pose(self, transform_base_tip: Transform) -> Transform:
        """Return the pose (4, 4) [m] of the tool in the frame of the targets."""
        transform = transform_base_tip @ self.transform_tip_tool
        transform_base_frame = self._transforms_base_frame[self.base_frame]
        if transform_base_frame is None:
            return transform
        return invert(transform_base_frame) @ transform

    def unknown(self, frame: str) -> str:
        """Return the reason for refusing a frame that is not known."""
        return (
            f'{quoted(frame)} instead of {self.base_frame!r} or another link that is fixed to the '
            f'base ({listed(self.links.base)}), and TF is not used (parameter use_tf)'
        )

    def with_tool(self, tool: Sequence[float]) -> TargetFrames:
        """Return the same frames with another tip of the tool: xyz [m], rpy [rad]."""
        return TargetFrames(
            base_frame=self.base_frame,
            tool_frame=self.tool_frame,
            links=self.links,
            transform_tip_tool=_tool_tip(self.links, self.tool_frame, tool),
        )

    def agrees_with(self, other: TargetFrames) -> bool:
        """Return whether the same targets mean the same in both, as far as both know them."""
        ours, theirs = self.links.base, other.links.base
        pairs = [(ours[name], theirs[name]) for name in set(ours) & set(theirs)]
        pairs.append((self.transform_tip_tool, other.transform_tip_tool))
        return self.base_frame == other.base_frame and all(
            np.allclose(a, b, rtol=0.0, atol=SAME) for a, b in pairs
        )

    @property
    def summary(self) -> str:
        """What targets are poses of, and in which frame."""
        xyz = self.transform_tip_tool[:3, 3].round(4).tolist()
        return f'{self.tool_frame!r} (tip at {xyz} m) in {self.base_frame!r}'

    def diagnostic_values(self) -> dict[str, str]:
        """Return the frames as values of diagnostics."""
        x, y, z = self.transform_tip_tool[:3, 3]
        return {
            'base frame': self.base_frame,
            'tool frame': self.tool_frame,
            'tool tip [m]': f'{x:.4f} {y:.4f} {z:.4f}',
        }


def target_frames(
    settings: FrameSettings, links: FixedLinks, *, base_link: str, tip_link: str, urdf: str
) -> TargetFrames:
    """
    Return the frames of the settings among the links of a description.

    :param base_link: Name of the base of the arm, in which it is solved.
    :param tip_link: Name of the tip of the arm.
    :param urdf: Where the links were found; empty if there is no description.
    :raises ConfigError: If a frame is not one of the links; the remedy lists them.
    """
    names = link_names(urdf) if urdf else ()
    base_frame, tool_frame = (
        _found(parameter, name, default, settings.prefix, fixed, names)
        for parameter, name, default, fixed in (
            ('base_frame', settings.base_frame, base_link, links.base),
            ('tool_frame', settings.tool_frame, tip_link, links.tip),
        )
    )
    return TargetFrames(
        base_frame=base_frame,
        tool_frame=tool_frame,
        links=links,
        transform_tip_tool=_tool_tip(links, tool_frame, settings.tool),
    )


def no_frames(settings: FrameSettings, *, base_link: str, tip_link: str) -> TargetFrames:
    """Return what is known before the description with the frames of the settings arrives."""
    prefix, base_frame, tool_frame = settings.prefix, settings.base_frame, settings.tool_frame
    return TargetFrames(
        base_frame=prefix + base_frame if base_frame else base_link,
        tool_frame=prefix + tool_frame if tool_frame else tip_link,
        links=FixedLinks(base={}, tip={}),
        transform_tip_tool=np.eye(4),
    )


def fixed_links(
    urdf: str, *, base_link: str, tip_link: str, transform_tip_found: Transform | None = None
) -> FixedLinks:
    """
    Return the links of a URDF that are fixed to the base and to the tip of an arm.

    :param urdf: Empty if there is none: then the two links themselves are known.
    :param transform_tip_found: Pose of the URDF's tip link in the tip of the arm that is solved
        for, where that is another one (4, 4) [m].
    :raises UrdfError: If it is not a URDF, or has no such link.
    """
    base, tip = {base_link: np.eye(4)}, {tip_link: np.eye(4)}
    if urdf:
        base, tip = links_fixed_to(urdf, base_link, tip_link)
    if transform_tip_found is not None:
        tip = {name: transform_tip_found @ transform for name, transform in tip.items()}
    return FixedLinks(base=base, tip=tip)


def quoted(text: str) -> str:
    """Return a received name in quotes, cut to the length of a sensible name."""
    return repr(text[:MAX_NAME_LENGTH])


def _found(
    parameter: str,
    name: str,
    default: str,
    prefix: str,
    fixed: Mapping[str, Transform],
    names: Sequence[str],
) -> str:
    """Return the link that a parameter names, with the prefix or, if there is none, without."""
    if not name:
        return default
    candidates = (prefix + name, name)
    found = next((one for one in candidates if one in fixed), None)
    if found is not None:
        return found
    remedy = f'give a link that is fixed to {default!r}: {listed(fixed)}'
    moving = next((one for one in candidates if one in names), None)
    if moving is not None:
        raise ConfigError(parameter, f'{moving!r} moves relative to {default!r}', remedy)
    near = get_close_matches(candidates[0], fixed, n=1)
    hint = f', the nearest is {near[0]!r}' if near else ''
    problem = f'{candidates[0]!r} is not a link of the description{hint}'
    raise ConfigError(parameter, problem, remedy)


def _tool_tip(links: FixedLinks, tool_frame: str, tool: Sequence[float]) -> Transform:
    """Return the tip of the tool in the tip of the arm (4, 4) [m]."""
    transform_tip_frame = links.tip.get(tool_frame, np.eye(4))
    return transform_tip_frame @ transform_from_xyz_rpy(tool[:3], tool[3:])


def _unless_identity(transform: Transform) -> Transform | None:
    """Return None for the identity, which need not be multiplied by."""
    return None if np.array_equal(transform, np.eye(4)) else transform
