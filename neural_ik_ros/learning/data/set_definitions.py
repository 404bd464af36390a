# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sets of samples and their hard slices: a name and a sentence each; nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NEAR_RANGE = 0.1  # [rad]
STEP_SECONDS = (0.001, 0.010)  # periods of control loops at 1 kHz and 100 Hz
WRIST_SINE = 0.1  # for orthogonal axes: joint 5 within 5.7 degrees of the wrist singularity
LIMIT_MARGIN = 0.05  # [rad]
STRETCH = 0.98  # of the largest distance between axis 2 and the wrist

# q is the answer, drawn uniformly within the joint limits; forward(q) is the target.
SETS: Mapping[str, str] = MappingProxyType(
    {
        'near': f'q_current is q plus uniform noise of up to near_range ({NEAR_RANGE} rad) on '
        'each joint, clipped to the limits',
        'step': f'q_current is q minus {1e3 * STEP_SECONDS[0]:.0f} to '
        f'{1e3 * STEP_SECONDS[1]:.0f} ms of motion, each joint at a speed uniform within its '
        'velocity limit, clipped to the limits',
        'far': 'q_current is uniform within the limits among the joints in the posture of q: the '
        'same signs of shoulder, elbow and wrist',
        'any': 'q_current is uniform within the limits, and q is replaced by the nearest of all '
        'solutions within the limits',
        'preferred': 'as any, but with the solution whose wrist, then elbow, then shoulder is '
        'bent as in q_current',
    }
)
# A slice draws one joint of q from where it is hard; the others stay uniform.
SLICES: Mapping[str, str] = MappingProxyType(
    {
        'wrist': 'joint 5 is uniform where the determinant of axes 4, 5 and 6 is at most '
        f'{WRIST_SINE}, near the wrist singularity',
        'limits': f'one joint, another for each target, is uniform within {LIMIT_MARGIN} rad of '
        'one of its limits',
        'boundary': 'joint 3 is uniform where the wrist is at '
        f'{100.0 * STRETCH:.0f} % or more of the largest distance from axis 2 that the limits '
        'allow, near the workspace boundary',
    }
)


def split_name(name: str) -> tuple[str, str]:
    """Return set and slice of a name such as ``far`` or ``far/wrist``; no slice is empty."""
    set_name, _, slice_name = name.partition('/')
    return set_name, slice_name


def all_names() -> tuple[str, ...]:
    """Return every set, and after it every slice of it."""
    return tuple(f'{name}{end}' for name in SETS for end in ('', *(f'/{cut}' for cut in SLICES)))
