# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik solve``: one target from the command line."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..kinematics import Transform
    from ..solver import IkSolution, IkSolver

NEGATIVE_NUMBER = re.compile(r'-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$', re.IGNORECASE)


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'solve',
        help='solve one target pose and print the solution',
        description='Solve one target pose. Exit code 0 only if it is solved.',
    )
    add_target_arguments(parser)
    parser.add_argument(
        '--nearest',
        action='store_true',
        help='without a solution, print the nearest reachable pose',
    )
    parser.set_defaults(run=_run)


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a target, the current joints, the arm and what is allowed."""
    parser.add_argument(
        '--xyz',
        nargs=3,
        type=float,
        required=True,
        metavar=('X', 'Y', 'Z'),
        help='position of the tool [m]',
    )
    parser.add_argument(
        '--rpy',
        nargs=3,
        type=float,
        default=(0.0, 0.0, 0.0),
        metavar=('R', 'P', 'Y'),
        help='orientation of the tool, fixed axes [rad] (default 0 0 0)',
    )
    parser.add_argument(
        '--from',
        dest='q_current',
        nargs=6,
        type=float,
        default=(0.0,) * 6,
        metavar=('J1', 'J2', 'J3', 'J4', 'J5', 'J6'),
        help='current joints [rad] (default all zero)',
    )
    parser.add_argument('--bundle', type=Path, help='folder of a network bundle')
    parser.add_argument(
        '--urdf',
        type=Path,
        help='any six-axis arm, without a network; with --bundle its arm, drawn otherwise',
    )
    parser.add_argument(
        '--base',
        help='link of the URDF in which the target is given (default base_link)',
    )
    parser.add_argument('--tip', help='link that it is the pose of (default tool0)')
    parser.add_argument(
        '--calibration',
        type=Path,
        help='YAML file of neural_ik calibrate, or with corrections of joint frames',
    )
    parser.add_argument(
        '--allow-other-posture',
        action='store_true',
        help='shoulder, elbow, wrist may change in a move that is not near',
    )
    # argparse takes -1e-17 for an option, and solutions contain such numbers.
    parser._negative_number_matcher = NEGATIVE_NUMBER


def solver_and_target(arguments: argparse.Namespace) -> tuple[IkSolver, Transform]:
    """Return the solver and the target (4, 4) [m] that the arguments name."""
    from ..api import load_solver, solver_for_urdf
    from ..kinematics import transform_from_xyz_rpy
    from ..solver import SolverOptions

    options = SolverOptions(allow_other_posture=arguments.allow_other_posture)
    urdf, bundle, calibration = arguments.urdf, arguments.bundle, arguments.calibration
    target = transform_from_xyz_rpy(arguments.xyz, arguments.rpy)
    if urdf is not None and bundle is None:
        base, tip = arguments.base or 'base_link', arguments.tip or 'tool0'
        solver = solver_for_urdf(
            urdf, base=base, tip=tip, calibration=calibration, options=options
        )
        return solver, target
    if arguments.base is not None or arguments.tip is not None:
        remedy = 'give them with --urdf and without --bundle, whose frames are its own'
        raise ConfigError('--base and --tip', 'name links of a URDF', remedy)
    return load_solver(bundle, urdf=urdf, calibration=calibration, options=options), target


def _predicted(solution: IkSolution) -> dict[str, object]:
    """Return the accuracy that a calibration predicts, for JSON, which has no NaN."""
    expected = solution.predicted_accuracy
    if expected is None:
        return {}
    if expected.uncovered:
        return {'predicted_accuracy': {'uncovered': expected.uncovered}}
    return {'predicted_accuracy': dataclasses.asdict(expected)}


def _run(arguments: argparse.Namespace) -> int:
    from ..solver import CurrentJoints, IkStatus

    solver, target = solver_and_target(arguments)
    solution = solver.solve(target, arguments.q_current)
    is_solved = solution.status.is_solved
    result: dict[str, object] = {'status': solution.status.name, 'reason': solution.reason}
    if isinstance(solver.predictor, CurrentJoints):
        result['network'] = None
    if is_solved:
        result |= {
            'q': solution.q.tolist(),
            'position_error': solution.position_error,
            'rotation_error': solution.rotation_error,
            'seed': solution.seed,
            'iterations': solution.iterations,
            'max_joint_step': solution.max_joint_step,
            'smallest_singular_value': solution.smallest_singular_value,
            'changes_posture': solution.changes_posture,
            **_predicted(solution),
        }
    elif arguments.nearest and solution.status in (IkStatus.UNREACHABLE, IkStatus.OUTSIDE_LIMITS):
        nearest = solver.nearest(target, arguments.q_current)
        result['nearest'] = dataclasses.asdict(nearest) | {'q': nearest.q.tolist()}
    print(json.dumps(result, indent=2))
    return 0 if is_solved else 1
