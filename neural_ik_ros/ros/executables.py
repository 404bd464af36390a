# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Entry points of the nodes: signal handlers first, then the imports.

Importing a node takes about a second, and a Ctrl-C may come in that second too: with the handlers
installed it ends the process as cleanly as a later one. A missing library is reported in one line.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import MissingLibraryError
from ..stop_signal import StopSignal

if TYPE_CHECKING:
    from rclpy.node import Node

MakeNode = Callable[[], 'Node']
Executable = Callable[..., int]


def _executable(import_node: Callable[[], MakeNode]) -> Executable:
    """Return an entry point that runs the node and returns the exit code of its process."""

    @functools.wraps(import_node)
    def main(args: list[str] | None = None) -> int:
        stop = StopSignal.installed()
        try:
            from .runtime.process import run

            return run(import_node(), args, stop)
        except ModuleNotFoundError as error:
            print(f'{import_node.__name__}: {MissingLibraryError.of(error)}', file=sys.stderr)  # noqa: T201
            return 1

    return main


@_executable
def neural_ik_node() -> MakeNode:
    """Node ``neural_ik``."""
    from .node.node import NeuralIkNode

    return NeuralIkNode


@_executable
def simulated_arm() -> MakeNode:
    """Node ``simulated_arm``."""
    from .nodes.simulated_arm import SimulatedArm

    return SimulatedArm


@_executable
def target_source() -> MakeNode:
    """Node ``target_source``."""
    from .nodes.target_source import TargetSource

    return TargetSource


@_executable
def bag_player() -> MakeNode:
    """Node ``bag_player``."""
    try:
        from .nodes.bag_player import BagPlayer
    except ImportError as error:
        raise SystemExit(f'{error.name} is not installed. pip install rosbags.') from error
    return BagPlayer


@_executable
def path_markers() -> MakeNode:
    """Node ``path_markers``."""
    from .nodes.path_markers import PathMarkers

    return PathMarkers


@_executable
def baseline_relay() -> MakeNode:
    """Node ``baseline_relay``, which latencies are compared with."""
    from .nodes.baseline_relay import BaselineRelay

    return BaselineRelay
