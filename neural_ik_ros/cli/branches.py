# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik branches``: every solution of one target, with the reason of those not taken."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .solve import add_target_arguments, solver_and_target


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'branches',
        help='print every solution of one target pose, judged',
        description='Print every solution of one target pose at all its turns, in the order in '
        'which they are preferred, then the rejected ones. Exit code 0 only if one may be taken.',
    )
    add_target_arguments(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    solver, target = solver_and_target(arguments)
    branches = solver.branches(target, arguments.q_current)
    result = [
        {
            'status': branch.status.name,
            'reason': branch.reason,
            'q': branch.q.tolist(),
            'max_joint_step': branch.max_joint_step,
            'smallest_singular_value': branch.smallest_singular_value,
            'changes_posture': branch.changes_posture,
        }
        for branch in branches
    ]
    print(json.dumps(result, indent=2))
    return 0 if any(branch.status.is_solved for branch in branches) else 1
