# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sets of samples and their hard cases: a name and a sentence each; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NEAR_RANGE = 0.1  # [rad]
STEP_SECONDS = (0.001, 0.010)  # periods of control loops at 1 kHz and 100 Hz
MAX_WRIST_DETERMINANT = 0.1  # of axes 4, 5, 6; if orthogonal: joint 5 within 5.7 degrees of zero
LIMIT_MARGIN = 0.05  # [rad]
BOUNDARY_REACH = 0.98  # fraction of the largest distance between axis 2 and the wrist

# q is the solution, drawn uniformly within the joint limits; forward(q) is the target.
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
# A hard case draws one joint of q from where the problem is hard; the others stay uniform.
HARD_CASES: Mapping[str, str] = MappingProxyType(
    {
        'wrist': 'joint 5 is uniform where the determinant of axes 4, 5 and 6 is at most '
        f'{MAX_WRIST_DETERMINANT}, near the wrist singularity',
        'limits': f'one joint, another for each target, is uniform within {LIMIT_MARGIN} rad of '
        'one of its limits',
        'boundary': 'joint 3 is uniform where the wrist is at '
        f'{100.0 * BOUNDARY_REACH:.0f} % or more of the largest distance from axis 2 that the '
        'limits allow, near the workspace boundary',
    }
)


def split_set_name(name: str) -> tuple[str, str]:
    """Split a name such as ``far`` or ``far/wrist`` into set and hard case (may be empty)."""
    set_name, _, hard_case = name.partition('/')
    return set_name, hard_case


def all_set_names() -> tuple[str, ...]:
    """Return the name of every set, each followed by those of its hard cases."""
    suffixes = ('', *(f'/{hard_case}' for hard_case in HARD_CASES))
    return tuple(f'{name}{suffix}' for name in SETS for suffix in suffixes)
