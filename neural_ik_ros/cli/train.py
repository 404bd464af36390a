# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik train``: from a configuration to a bundle."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..errors import NeuralIkError
from .generate import add_source_arguments


class TrainingLibraryError(NeuralIkError):
    """A library that only training needs is not installed."""

    def __init__(self, library: str | None) -> None:
        super().__init__(
            f'training needs {library}, which is not installed; '
            "install the extra: pip install 'neural_ik_ros[learning]'."
        )


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'train',
        help='train a network and make its bundle',
        description='Trains from fresh samples of the arm and ends with a verified bundle in '
        'OUTPUT/bundle. Interrupted, it continues after the last finished epoch with --resume.',
    )
    parser.add_argument('--output', type=Path, required=True, help='folder of the training run')
    add_source_arguments(parser)
    parser.add_argument('--resume', action='store_true', help='continue the run in OUTPUT')
    parser.add_argument('--quiet', action='store_true', help='one line for each epoch, no bar')
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ..kinematics import arm_from_urdf
    from ..learning.config import LearningConfig, shipped_config
    from ..learning.run_folder import open_run
    from ..urdf_file import read_urdf, shipped_urdf

    config = LearningConfig.from_file(args.config or shipped_config())
    urdf = read_urdf(args.arm or shipped_urdf())
    arm = arm_from_urdf(urdf)
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')  # before TensorFlow is imported
    try:
        from ..learning.bundling import make_bundle
        from ..learning.training import train
    except ImportError as error:
        raise TrainingLibraryError(error.name) from error
    run = open_run(args.output, config, urdf, resume=args.resume)
    trained = train(arm, config, run, verbose=2 if args.quiet else 1)
    bundle = make_bundle(arm, urdf, config, trained, run)
    for name in config.data.sets:
        for who, errors in bundle.card.metrics[name].items():
            print(
                f'{name:5} {who:8} joint RMSE {errors["joint_rmse"]:.4f} rad, tool median '
                f'{1e3 * errors["position_median"]:.2f} mm {errors["rotation_median"]:.4f} rad'
            )
    print(f'bundle: {bundle.folder}')
    return 0
