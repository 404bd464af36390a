# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Entry points of the nodes: first the signals, then the imports.

Importing a node takes about a second, and a Ctrl-C in that second is as likely as any other: with
the handlers in place it ends the process as cleanly as later ones do. A library that is missing is
told in one line.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from ..errors import MissingLibraryError
from ..stop_signal import StopSignal

Executable = Callable[[list[str] | None], int]


def _telling_what_is_missing(executable: Executable) -> Executable:
    @functools.wraps(executable)
    def main(args: list[str] | None = None) -> int:
        try:
            return executable(args)
        except ModuleNotFoundError as error:
            print(f'{executable.__name__}: {MissingLibraryError.of(error)}', file=sys.stderr)  # noqa: T201
            return 1

    return main


@_telling_what_is_missing
def neural_ik_node(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``neural_ik``."""
    stop = StopSignal.installed()
    from .node.node import NeuralIkNode
    from .runtime.process import run

    return run(NeuralIkNode, args, stop)


@_telling_what_is_missing
def simulated_arm(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``simulated_arm``."""
    stop = StopSignal.installed()
    from .nodes.simulated_arm import SimulatedArm
    from .runtime.process import run

    return run(SimulatedArm, args, stop)


@_telling_what_is_missing
def target_source(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``target_source``."""
    stop = StopSignal.installed()
    from .nodes.target_source import TargetSource
    from .runtime.process import run

    return run(TargetSource, args, stop)


@_telling_what_is_missing
def bag_player(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``bag_player``."""
    stop = StopSignal.installed()
    from .runtime.process import run

    try:
        from .nodes.bag_player import BagPlayer
    except ImportError as error:
        raise SystemExit(f'{error.name} is not installed. pip install rosbags.') from error
    return run(BagPlayer, args, stop)


@_telling_what_is_missing
def path_markers(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``path_markers``."""
    stop = StopSignal.installed()
    from .nodes.path_markers import PathMarkers
    from .runtime.process import run

    return run(PathMarkers, args, stop)


@_telling_what_is_missing
def baseline_relay(args: list[str] | None = None) -> int:
    """Return the exit code of the process of node ``baseline_relay``."""
    stop = StopSignal.installed()
    from .nodes.baseline_relay import BaselineRelay
    from .runtime.process import run

    return run(BaselineRelay, args, stop)
