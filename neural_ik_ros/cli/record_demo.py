# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik record-demo``: record a bag of the node and a simulated arm, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common.argument_types import bounded_float, bounded_int
from .demo import PATHS
from .replay import add_node_arguments, node_config, not_installed, progress


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'record-demo',
        help='record a bag of the node and a simulated arm, without ROS',
        description='Let the logic of the node track a path with a simulated arm, as fast as '
        'possible, and write a rosbag2 bag of it. The same options give the same bag.',
    )
    parser.add_argument(
        '--output', type=Path, default=Path('demo_bag'), help='folder (default demo_bag)'
    )
    parser.add_argument(
        '--storage', choices=('mcap', 'sqlite3'), default='mcap', help='format (default mcap)'
    )
    parser.add_argument(
        '--path', choices=PATHS, default='lemniscate', help='shape (default lemniscate)'
    )
    parser.add_argument(
        '--duration', type=_seconds, default=20.0, metavar='S', help='of the bag (default 20 s)'
    )
    parser.add_argument(
        '--rate',
        type=_hertz,
        default=250.0,
        metavar='HZ',
        help='targets and joint states a second (default 250)',
    )
    parser.add_argument(
        '--speed', type=_speed, default=0.25, metavar='M_S', help='of the tool (default 0.25 m/s)'
    )
    parser.add_argument(
        '--jump-every',
        type=_count,
        default=0,
        metavar='N',
        help='replace every Nth target by a random reachable pose (default 0: none)',
    )
    add_node_arguments(parser)
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    return bounded_float(text, 0.1, 36_000.0)


def _hertz(text: str) -> float:
    return bounded_float(text, 10.0, 1000.0)


def _count(text: str) -> int:
    return bounded_int(text, 0, 1_000_000)


def _speed(text: str) -> float:
    return bounded_float(text, 0.001, 10.0)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from ..replay.demo_bag import DemoBagOptions, record_demo
        from ..replay.output_folder import output_folder
    except ImportError as error:
        raise not_installed(error) from error
    from ..simulation.paths import PathConfig

    options = DemoBagOptions(
        node_name=arguments.node,
        storage=arguments.storage,
        config=node_config(arguments),
        path=PathConfig(shape=arguments.path, speed=arguments.speed),
        duration_s=arguments.duration,
        rate_hz=arguments.rate,
        jump_every=arguments.jump_every,
    )
    with (
        output_folder(arguments.output, marker_file='metadata.yaml') as folder,
        progress('targets') as begin,
    ):
        counts = record_demo(options, folder, begin)
    n_refused = counts.rejected + counts.position_violations + counts.speed_violations
    print(f'written: {arguments.output}, {counts.accepted} commands')
    if n_refused:
        print(f'the simulated arm refused {n_refused}: {counts.last_problem}')
    return 1 if n_refused else 0
