# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik generate``: training data of an arm as plain arrays."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..learning.data.set_definitions import SETS, SLICES

if TYPE_CHECKING:
    from ..learning.data.dataset import DataConfig

PARTS = ('train', 'validation', 'test')


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'generate',
        help='write the samples a configuration describes',
        description='Writes train.npy, validation.npy and test.npy (18 columns, float64) and\n'
        'data.json, which names the columns and what made them. No target is in two parts.',
        epilog=_sets_and_slices(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--output', type=Path, required=True, help='new folder to write')
    add_source_arguments(parser)
    parser.add_argument(
        '--sets',
        type=names,
        metavar='A,B',
        help='only these sets, or slices of them (far/wrist), equal shares',
    )
    parser.add_argument('--part', choices=PARTS, help='only this part')
    parser.add_argument(
        '--samples', type=int, metavar='N', help='number of samples in each part that is written'
    )
    parser.set_defaults(run=_run)


def names(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(',')]


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what data is made from: a configuration and an arm."""
    parser.add_argument(
        '--config', type=Path, help='YAML file (default: config/learning/irb2400.yaml)'
    )
    parser.add_argument('--arm', type=Path, help='plain URDF file (default: the IRB2400)')


def _sets_and_slices() -> str:
    """Return the definitions, wrapped."""
    lines = ['sets (the answer q is uniform within the joint limits):']
    lines += [_indented(name, definition) for name, definition in SETS.items()]
    lines += ['slices, after a set and a slash (q is drawn where it is hard):']
    lines += [_indented(name, definition) for name, definition in SLICES.items()]
    return '\n'.join(lines)


def _indented(name: str, definition: str) -> str:
    text = f'{name:9} {definition}'
    return textwrap.fill(text, 79, initial_indent='  ', subsequent_indent=' ' * 12)


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.data.data_folder import write_data
    from ..learning.data.dataset import Part
    from ..learning.training.config import LearningConfig, shipped_config
    from ..urdf_file import read_urdf, shipped_urdf

    config = _changed(LearningConfig.from_file(args.config or shipped_config()).data, args)
    arm = arm_from_urdf(read_urdf(args.arm or shipped_urdf()))
    parts = [Part[args.part.upper()]] if args.part else list(Part)
    for file, n_samples in write_data(args.output, arm, config, parts).items():
        print(f'{args.output / file}: {n_samples} samples')
    return 0


def _changed(config: DataConfig, args: argparse.Namespace) -> DataConfig:
    """Return the configuration with what the command line says otherwise."""
    if args.sets is not None:
        config = replace(config, sets=dict.fromkeys(args.sets, 1.0))
    if args.samples is not None:
        n = args.samples
        config = replace(config, n_train=n, n_validation=n, n_test=n)
    return config
