# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik bundle verify``: check that a bundle is complete and its files agree."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser('bundle', help='check a trained bundle')
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    verify = actions.add_parser(
        'verify',
        help='check hashes, and that LiteRT, Keras, scaler and arm agree',
        description='Checks whose libraries (TensorFlow, scikit-learn) are missing are skipped.',
    )
    verify.add_argument(
        'path', type=Path, nargs='?', metavar='PATH', help='folder (default: the shipped bundle)'
    )
    verify.set_defaults(run=_run_verify)


def _run_verify(args: argparse.Namespace) -> int:
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')  # before TensorFlow is imported
    from ..learning.bundle.consistency import verify_bundle

    for check in verify_bundle(args.path):
        print(f'{"skipped" if check.is_skipped else "ok":8} {check.name}: {check.detail}')
    return 0
