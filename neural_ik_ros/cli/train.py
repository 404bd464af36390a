# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik train``: train a network by a configuration and make its bundle."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, MissingLibraryError, TrainingError
from .common.quiet_imports import quiet_libraries
from .generate import add_source_arguments

if TYPE_CHECKING:
    from ..learning.bundle.storage import Bundle
    from ..learning.training.config import LearningConfig

BACKENDS = ('tensorflow', 'jax')
EXTRA = "pip install 'neural_ik_ros[learning]'"
REMEDIES = {  # by the library that training needs and does not find
    'tensorboard': 'leave --tensorboard out or: pip install tensorboard',
    'tensorflow': f'{EXTRA}, or set KERAS_BACKEND=jax where JAX is installed',
    'jax': "pip install 'jax[cpu]', or leave KERAS_BACKEND out",
}


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'train',
        help='train a network and make its bundle',
        description='Trains on samples drawn from the arm and ends with a verified bundle in '
        'OUTPUT/bundle. With --resume an interrupted run continues after its last finished epoch.',
    )
    parser.add_argument('--output', type=Path, required=True, help='folder of the training run')
    add_source_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue the run in OUTPUT with its own configuration and arm',
    )
    parser.add_argument(
        '--quiet', action='store_true', help='one line for each epoch, no progress bar'
    )
    parser.add_argument(
        '--tensorboard', action='store_true', help='also write a log to OUTPUT/tensorboard'
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.training.run_folder import RunFolder, open_run, read_sources

    config, urdf = _sources(args)
    arm_from_urdf(urdf)  # refused before anything is written
    _require_libraries(has_tensorboard=args.tensorboard)
    from ..learning.make_bundle import make_bundle
    from ..learning.training.distributed import join_workers, worker_from_environment
    from ..learning.training.learning_curves import draw_learning_curves
    from ..learning.training.training_loop import backend, train

    worker = worker_from_environment()
    run = RunFolder(args.output)
    if worker.is_chief:
        run = open_run(args.output, config, urdf, resume=args.resume)
    join_workers(worker, config)
    config, urdf = read_sources(run)  # in the order of keys it was started with
    arm = arm_from_urdf(urdf)
    on_epoch = None
    if args.tensorboard and worker.is_chief:
        from ..learning.training.tensorboard_log import TensorBoardLog

        on_epoch = TensorBoardLog(run)
    verbose = 2 if args.quiet else 1
    trained = train(arm, config, run, worker=worker, verbose=verbose, on_epoch=on_epoch)
    if trained is None:
        return 0
    draw_learning_curves(run, trained.history)
    if backend() != 'tensorflow':
        print(f'network: {run.best}')
        print(
            'bundle: not made, which needs TensorFlow; here or where it is installed: '
            f'KERAS_BACKEND=tensorflow neural_ik train --resume --output {run.path}'
        )
        return 0
    _print_errors(config, make_bundle(arm, urdf, config, trained, run))
    return 0


def _sources(args: argparse.Namespace) -> tuple[LearningConfig, str]:
    """Return configuration and URDF: as given, else of the run to resume, else as shipped."""
    from ..learning.training.config import LearningConfig, shipped_config
    from ..learning.training.run_folder import RunFolder, read_sources
    from ..urdf_file import read_urdf, shipped_urdf

    run = RunFolder(args.output)
    if args.resume and run.configuration.exists():
        config, urdf = read_sources(run)
    elif args.resume and not args.config:
        remedy = 'check --output, or leave out --resume'
        raise TrainingError(run.path, 'holds no run to resume', remedy)
    else:
        config, urdf = LearningConfig.from_file(shipped_config()), read_urdf(shipped_urdf())
    if args.config:
        config = LearningConfig.from_file(args.config)
    if args.arm:
        urdf = read_urdf(args.arm)
    return config, urdf


def _require_libraries(*, has_tensorboard: bool) -> None:
    """
    Import the libraries that training needs.

    :raises MissingLibraryError: If one of them is not installed.
    :raises ConfigError: If ``KERAS_BACKEND`` is not one of ``BACKENDS``.
    """
    backend = os.environ.get('KERAS_BACKEND', 'tensorflow')
    if backend not in BACKENDS:
        raise ConfigError('KERAS_BACKEND', repr(backend), f'choose from {", ".join(BACKENDS)}')
    try:
        with quiet_libraries():
            from ..learning import make_bundle  # noqa: F401
            from ..learning.training import learning_curves as curves  # noqa: F401

            if has_tensorboard:
                from ..learning.training import tensorboard_log  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingLibraryError(error.name, REMEDIES.get(str(error.name), EXTRA)) from error


def _print_errors(config: LearningConfig, bundle: Bundle) -> None:
    for name in config.data.sets:
        for predictor, errors in bundle.card.metrics[name].items():
            print(
                f'{name:12} {predictor:12} joint RMSE {errors["joint_rmse"]:.3g} rad, tool median '
                f'{1e3 * errors["position_median"]:.3g} mm {errors["rotation_median"]:.3g} rad'
            )
    print(f'bundle: {bundle.folder}')
