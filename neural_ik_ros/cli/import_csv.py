# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik import``: convert the public data set to the format of ``neural_ik generate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common.argument_types import random_seed


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'import',
        help='convert the public data set of 300,000 rows',
        description='Checks datasetIRB2400.csv (x y z in mm, yaw pitch roll, q1_in .. q6_in, '
        'q1_out .. q6_out in rad) against the arm that made it and writes it as neural_ik '
        'generate does, split by target: 72 % train, 8 % validation, 20 % test. Prints the error '
        'of holding the current joints, and the leak of a random split of the rows.',
    )
    parser.add_argument('file', type=Path, help='the CSV file')
    parser.add_argument('--output', type=Path, required=True, help='new folder to write')
    parser.add_argument(
        '--arm', type=Path, help='plain URDF file (default: urdf/irb2400_dataset.urdf)'
    )
    parser.add_argument(
        '--seed', type=random_seed, default=0, help='of the split (default: %(default)s)'
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.data.csv_import import csv_metrics, read_csv, split_by_target
    from ..learning.data.data_folder import write_parts
    from ..share import share_folder
    from ..urdf_file import read_urdf

    shipped = share_folder() / 'urdf' / 'irb2400_dataset.urdf'
    arm = arm_from_urdf(read_urdf(args.arm or shipped))
    data = read_csv(args.file, arm)
    parts = {part: (len(rows), [rows]) for part, rows in split_by_target(data, args.seed).items()}
    made_from = {'arm': arm.name, 'csv': args.file.name, 'split_seed': args.seed}
    for file, n_samples in write_parts(args.output, parts, made_from).items():
        print(f'{args.output / file}: {n_samples} samples')
    found = csv_metrics(data, args.seed)
    print(
        f'{len(data.rows)} rows, {data.n_targets} targets\n'
        f'holding q_in: RMSE {found.hold_current_rmse:.4f} rad, with each joint divided by the '
        f'range of its solutions {found.hold_current_scaled_rmse:.4f}\n'
        f'rows split at random, 80/20: {found.n_leaked_targets} of {found.n_test_targets} test '
        'targets are in the training part as well'
    )
    return 0
