# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik monitor``: shows the diagnostics of the nodes in this ROS domain, live."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..errors import SOURCE_ROS, MissingLibraryError
from .common.argument_types import bounded_float

HOME_AND_CLEAR = '\x1b[H\x1b[J'


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'monitor',
        help='show the diagnostics of the running nodes, live',
        description='Show counts, latencies, watchdogs and the latest errors of every neural_ik '
        'node in this ROS domain. In a terminal the page is redrawn; elsewhere pages follow one '
        'another.',
    )
    parser.add_argument('--once', action='store_true', help='print one page and exit')
    parser.add_argument(
        '--timeout',
        type=_seconds,
        default=30.0,
        metavar='S',
        help='time to wait for the first report (default 30 s)',
    )
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    return bounded_float(text, 0.1, 86_400.0)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from ..ros.nodes.monitor import run_monitor
    except ImportError as error:
        raise MissingLibraryError(error.name, SOURCE_ROS) from error

    is_live = sys.stdout.isatty() and not arguments.once

    def show(page: str) -> None:
        print(f'{HOME_AND_CLEAR}{page}' if is_live else f'{page}\n', flush=True)

    run_monitor(show, is_once=arguments.once, timeout_s=arguments.timeout)
    return 0
