# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik evaluate``: measure networks against baselines on unseen targets."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, MissingLibraryError
from .common.argument_types import bounded_int, random_seed
from .generate import comma_separated

if TYPE_CHECKING:
    from ..kinematics import Arm
    from ..learning.data.dataset import Samples
    from ..learning.evaluation.predictors import NamedNetwork
    from ..learning.evaluation.runner import DrawPlots

MAX_SAMPLES = 500_000  # of a set; each takes about 2 kB while the set is measured


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'evaluate',
        help='measure networks on unseen targets; write tables and plots',
        description='Compares networks with the current joints (hold_current) and with a few '
        'Levenberg-Marquardt iterations from them, before and after refinement, on targets that '
        'no training draws. Writes results.json, table.md and plots.',
    )
    parser.add_argument(
        'networks',
        nargs='*',
        metavar='NETWORK',
        help='name of a shipped network or folder of a bundle (default: all shipped)',
    )
    parser.add_argument('--output', type=Path, required=True, help='new folder to write')
    parser.add_argument(
        '--config', type=Path, help='YAML file whose data section defines the sets'
    )
    parser.add_argument(
        '--arm', type=Path, help='plain URDF file (default: the arm the networks were made for)'
    )
    parser.add_argument(
        '--data',
        type=Path,
        metavar='FOLDER',
        help='use the test part in a folder of neural_ik generate or import instead of sets',
    )
    parser.add_argument(
        '--sets', type=comma_separated, metavar='A,B', help='which sets of samples (default: all)'
    )
    parser.add_argument(
        '--samples',
        type=_sample_count,
        default=20_000,
        metavar='N',
        help='of each set (default 20000)',
    )
    parser.add_argument(
        '--seed', type=random_seed, help="of the samples (default: the configuration's)"
    )
    parser.add_argument(
        '--no-plots', action='store_true', help='draw no plots, which need matplotlib'
    )
    parser.set_defaults(run=_run)


def _sample_count(text: str) -> int:
    return bounded_int(text, 1, MAX_SAMPLES)


def _run(args: argparse.Namespace) -> int:
    from ..learning.evaluation.predictors import load_networks
    from ..learning.evaluation.runner import evaluate, require_new_folder, write_report
    from ..learning.evaluation.tables import tables

    require_new_folder(args.output)
    draw = None if args.no_plots else _load_plotting()
    networks = load_networks(args.networks)
    arm = _arm(args.arm, networks)
    sources, configuration = _sources(args, arm)
    evaluation, set_errors = evaluate(arm, networks, sources, configuration)
    written = write_report(args.output, evaluation, set_errors, draw)
    print(tables(evaluation)['summary'])
    print('written:', ', '.join(str(path) for path in written))
    return 0


def _load_plotting() -> DrawPlots:
    """Return the function that draws the plots; fail before the evaluation, not after it."""
    try:
        from ..learning.evaluation.plots import save_plots
    except ImportError as error:
        remedy = 'install the extra [plots] or add --no-plots'
        raise MissingLibraryError(error.name, remedy) from error
    return save_plots


def _arm(urdf: Path | None, networks: Sequence[NamedNetwork]) -> Arm:
    from ..kinematics import arm_from_urdf
    from ..learning.evaluation.predictors import common_arm
    from ..urdf_file import read_urdf

    if urdf is None:
        return common_arm(networks)
    card = networks[0].bundle.card
    return arm_from_urdf(read_urdf(urdf), base_frame=card.base_frame, tool_frame=card.tool_frame)


def _sources(
    args: argparse.Namespace, arm: Arm
) -> tuple[Mapping[str, Iterable[Samples]], Mapping[str, Any]]:
    """Return the samples of each set, and the configuration that reproduces them."""
    from ..learning.evaluation.sample_sources import samples_by_set, stored_samples
    from ..learning.training.config import LearningConfig

    if args.data is not None:
        if args.sets or args.config or args.seed is not None:
            problem = 'takes its samples from a folder'
            raise ConfigError('--data', problem, 'leave --sets, --config and --seed out')
        name = args.data.resolve().stem
        return {name: stored_samples(arm, args.data, args.samples)}, {
            'data': str(args.data),
            'n_samples': args.samples,
        }
    config = LearningConfig.from_file(args.config) if args.config else LearningConfig()
    seed = config.data.seed if args.seed is None else args.seed
    data = replace(config.data, seed=seed, n_test=args.samples)
    return samples_by_set(arm, data, args.sets or []), {
        name: value
        for name, value in asdict(data).items()
        if name not in ('sets', 'n_train', 'n_validation', 'is_fresh_each_epoch')
    }
