# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik generate``: draw samples of an arm and write them as plain arrays."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..learning.data.set_definitions import HARD_CASES, SETS

if TYPE_CHECKING:
    from ..learning.data.dataset import DataConfig

PARTS = ('train', 'validation', 'test')


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'generate',
        help='draw the samples of a configuration and write them',
        description='Writes train.npy, validation.npy and test.npy (18 columns, float64) and\n'
        'data.json, which describes the columns and their origin. No target is in two parts.',
        epilog=_sets_and_hard_cases(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--output', type=Path, required=True, help='new folder to write')
    add_source_arguments(parser)
    parser.add_argument(
        '--sets',
        type=comma_separated,
        metavar='A,B',
        help='only these sets, or hard cases of them (far/wrist), in equal shares',
    )
    parser.add_argument('--part', choices=PARTS, help='only this part')
    parser.add_argument(
        '--samples', type=int, metavar='N', help='number of samples in each part that is written'
    )
    parser.set_defaults(run=_run)


def comma_separated(text: str) -> list[str]:
    """Split a comma-separated list of names."""
    return [name.strip() for name in text.split(',')]


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for configuration and arm."""
    parser.add_argument(
        '--config', type=Path, help='YAML file (default: config/learning/irb2400.yaml)'
    )
    parser.add_argument('--arm', type=Path, help='plain URDF file (default: the IRB2400)')


def _sets_and_hard_cases() -> str:
    """Return the definitions of sets and hard cases for the help text."""
    lines = ['sets (the solution q is uniform within the joint limits):']
    lines += [_indented(name, definition) for name, definition in SETS.items()]
    lines += ['hard cases, after a set and a slash (q is drawn where the problem is hard):']
    lines += [_indented(name, definition) for name, definition in HARD_CASES.items()]
    return '\n'.join(lines)


def _indented(name: str, definition: str) -> str:
    text = f'{name:9} {definition}'
    return textwrap.fill(text, 79, initial_indent='  ', subsequent_indent=' ' * 12)


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.data.data_folder import write_data_folder
    from ..learning.data.dataset import Part
    from ..learning.training.config import LearningConfig, shipped_config
    from ..urdf_file import read_urdf, shipped_urdf

    config = _with_options(LearningConfig.from_file(args.config or shipped_config()).data, args)
    arm = arm_from_urdf(read_urdf(args.arm or shipped_urdf()))
    parts = [Part[args.part.upper()]] if args.part else list(Part)
    for file, n_samples in write_data_folder(args.output, arm, config, parts).items():
        print(f'{args.output / file}: {n_samples} samples')
    return 0


def _with_options(config: DataConfig, args: argparse.Namespace) -> DataConfig:
    """Return the configuration with the options of the command line applied."""
    if args.sets is not None:
        config = replace(config, sets=dict.fromkeys(args.sets, 1.0))
    if args.samples is not None:
        n = args.samples
        config = replace(config, n_train=n, n_validation=n, n_test=n)
    return config
