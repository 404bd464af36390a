# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure the solver beside its peers: python -m benchmark.run, from the repository."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from neural_ik_ros.errors import NeuralIkError

THREAD_VARIABLES = (
    'OMP_NUM_THREADS',
    'OPENBLAS_NUM_THREADS',
    'MKL_NUM_THREADS',
    'NUMBA_NUM_THREADS',
    'TF_NUM_INTRAOP_THREADS',
    'TF_NUM_INTEROP_THREADS',
)
CACHE = Path(__file__).resolve().parent / 'cache'


def main() -> None:
    """Write results, tables and pictures to a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument('--quick', action='store_true', help='about two minutes (default)')
    form.add_argument('--full', action='store_true', help='ten times the problems, 25 minutes')
    parser.add_argument('--peers', nargs='+', metavar='NAME', help='only these, by their names')
    parser.add_argument('--sets', nargs='+', metavar='NAME', help='only these')
    parser.add_argument('--cores', type=int, default=1, help='shared by all (default 1)')
    parser.add_argument('--output', type=Path, default=Path('benchmark_report'))
    arguments = parser.parse_args()
    _pin_to_cores(arguments.cores)
    from .runner import FULL, QUICK, run

    try:
        run(
            FULL if arguments.full else QUICK,
            cache=CACHE,
            output=arguments.output,
            peers=arguments.peers,
            sets=arguments.sets,
        )
    except NeuralIkError as error:
        parser.exit(1, f'{error}\n')


def _pin_to_cores(n_cores: int) -> None:
    """
    Keep this process on the last cores and every library to one thread, before any import.

    The processes of the peers inherit both.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = '1'
    os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
    os.environ['KERAS_BACKEND'] = 'tensorflow'
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-n_cores:])


if __name__ == '__main__':
    main()
