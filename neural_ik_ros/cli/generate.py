# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik generate``: training data of an arm as plain arrays."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'generate',
        help='write the samples a configuration describes',
        description='Writes train.npy, validation.npy and test.npy (18 columns, float64) and '
        'data.json, which names the columns and what made them.',
    )
    parser.add_argument('--output', type=Path, required=True, help='new folder to write')
    add_source_arguments(parser)
    parser.set_defaults(run=_run)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what data is made from: a configuration and an arm."""
    parser.add_argument(
        '--config', type=Path, help='YAML file (default: config/learning/irb2400.yaml)'
    )
    parser.add_argument('--arm', type=Path, help='plain URDF file (default: the IRB2400)')


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.config import LearningConfig, shipped_config
    from ..learning.data_folder import write_data
    from ..urdf_file import read_urdf, shipped_urdf

    config = LearningConfig.from_file(args.config or shipped_config())
    arm = arm_from_urdf(read_urdf(args.arm or shipped_urdf()))
    for part, n_samples in write_data(args.output, arm, config.data).items():
        print(f'{args.output / part}: {n_samples} samples')
    return 0
