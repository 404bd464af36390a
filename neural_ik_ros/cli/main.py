# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Entry point of the command ``neural_ik``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from .. import __version__
from ..errors import MissingLibraryError, NeuralIkError
from . import (
    branches,
    bundle,
    demo,
    evaluate,
    generate,
    import_csv,
    monitor,
    record_demo,
    replay,
    solve,
    train,
    view,
)
from .measured_arm import calibrate, plan_measurement

COMMANDS = (
    *(demo, view, solve, branches, monitor, replay, record_demo),
    *(plan_measurement, calibrate),
    *(generate, import_csv, train, evaluate, bundle),
)
INTERRUPTED = 130  # what a shell expects after Ctrl-C


def main(args: Sequence[str] | None = None) -> int:
    """
    Return the exit code: 0 done, 1 refused with one line on stderr, 2 wrong arguments.

    :param args: Arguments without the program name; ``None`` takes them from ``sys.argv``.
    """
    arguments = make_parser().parse_args(args)
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stderr)
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that everything is cleaned up
        signal.signal(number, _exit)
    try:
        return _run(arguments)
    except NeuralIkError as error:
        print(f'neural_ik: {error}', file=sys.stderr)
        return 1
    except BrokenPipeError:  # piped into head
        return 1
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    try:
        return int(arguments.run(arguments))
    except ModuleNotFoundError as error:
        raise MissingLibraryError.of(error) from error


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # what a shell expects


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog='neural_ik',
        description='Inverse kinematics for six-axis arms: a network proposes, '
        'Levenberg-Marquardt refines, forward kinematics checks.',
    )
    parser.add_argument('--version', action='version', version=f'neural_ik_ros {__version__}')
    subparsers = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
