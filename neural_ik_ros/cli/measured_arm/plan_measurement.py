# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik plan-measurement``: poses whose measurement tells most of an arm."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..common.argument_types import bounded_float, bounded_int, random_seed

DEGREE = 0.017453292519943295


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'plan-measurement',
        help='choose poses to measure for neural_ik calibrate',
        description='Chooses poses for the information they give about the geometry and for the '
        'angles of every joint, says how good a calibration from them will be, and writes a table '
        'and a trajectory. Collisions are not checked.',
    )
    parser.add_argument('--n', type=_count, default=300, help='poses (default %(default)s)')
    parser.add_argument('--urdf', type=Path, help='plain URDF of the arm (default: the IRB2400)')
    parser.add_argument('--base-frame', default='base_link', help='default %(default)s')
    parser.add_argument('--tool-frame', default='tool0', help='default %(default)s')
    parser.add_argument(
        '--box', nargs=6, type=float, metavar=('X0', 'Y0', 'Z0', 'X1', 'Y1', 'Z1'),
        help='where the tool may be [m] in the base',
    )  # fmt: skip
    parser.add_argument(
        '--sensor', nargs=3, type=float, metavar=('X', 'Y', 'Z'),
        help='place of the sensor [m] in the base, which must see the tool',
    )  # fmt: skip
    parser.add_argument(
        '--facing', nargs=3, type=float, default=(0.0, 0.0, 1.0), metavar=('X', 'Y', 'Z'),
        help='direction in the tool frame that looks at the sensor (default 0 0 1)',
    )  # fmt: skip
    parser.add_argument(
        '--max-incidence', type=_angle, default=40.0, help='[deg] (default %(default)s)'
    )
    parser.add_argument(
        '--noise-mm', type=_noise, default=0.05, help='of the sensor (default %(default)s)'
    )
    parser.add_argument(
        '--noise-mrad', type=_noise, default=0.1, help='of the sensor (default %(default)s)'
    )
    parser.add_argument('--speed', type=_share, default=0.2, help='share of the velocity limits')
    parser.add_argument('--dwell', type=_dwell, default=2.0, help='rest at each pose [s]')
    parser.add_argument('--output', type=Path, required=True, help='new CSV file')
    parser.add_argument('--trajectory', type=Path, help='new YAML file with a JointTrajectory')
    parser.add_argument('--seed', type=random_seed, default=0, help='default %(default)s')
    parser.set_defaults(run=_run)


def _count(text: str) -> int:
    return bounded_int(text, 20, 2000)


def _angle(text: str) -> float:
    return bounded_float(text, 1.0, 180.0)


def _noise(text: str) -> float:
    return bounded_float(text, 1e-4, 100.0)


def _share(text: str) -> float:
    return bounded_float(text, 0.01, 1.0)


def _dwell(text: str) -> float:
    return bounded_float(text, 0.1, 600.0)


def _run(args: argparse.Namespace) -> int:
    import numpy as np

    from ...calibration.fit.geometry_fit import Noise
    from ...calibration.results.plan_files import arrivals, write_table, write_trajectory
    from ...calibration.results.planning import Conditions, plan_measurement
    from ...kinematics import arm_from_urdf
    from ...urdf_file import read_urdf, shipped_urdf

    arm = arm_from_urdf(
        read_urdf(args.urdf or shipped_urdf()),
        base_frame=args.base_frame,
        tool_frame=args.tool_frame,
    )
    conditions = Conditions(
        box=None if args.box is None else tuple(args.box),
        sensor=None if args.sensor is None else tuple(args.sensor),
        facing=tuple(args.facing),
        max_incidence=args.max_incidence * DEGREE,
    )
    noise = Noise(position=1e-3 * args.noise_mm, rotation=1e-3 * args.noise_mrad)
    plan = plan_measurement(arm, args.n, np.random.default_rng(args.seed), conditions, noise)
    write_table(args.output, arm, plan.q)
    shares = ', '.join(f'{100 * share:.0f}' for share in plan.coverage)
    print(
        f'{args.output}: {len(plan.q)} poses, condition {plan.condition:.0f}\n'
        f'angles of joints 1 to 6 covered: {shares} % of those that can be reached\n'
        f'expected error from noise alone at other poses: {1e3 * plan.geometry_error:.4f} mm with '
        f'geometry, {1e3 * plan.full_error:.4f} mm with joint maps\n'
        'what the arm does that no model has comes on top'
    )
    if args.trajectory is not None:
        write_trajectory(args.trajectory, arm, plan.q, speed=args.speed, dwell_s=args.dwell)
        times, _ = arrivals(arm, plan.q, speed=args.speed, dwell_s=args.dwell)
        print(f'{args.trajectory}: {times[-1] / 60.0:.0f} minutes; check it for collisions')
    return 0
