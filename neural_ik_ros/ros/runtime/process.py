# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the process of a node: starts, spins and ends it cleanly; shared by all executables."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from ...errors import ConfigError, NeuralIkError
from ...interface.parameter_schema import bad_parameter_file
from ...share import PACKAGE_NAME
from ...stop_signal import StopSignal, ignore_signals
from . import transport

try:
    from rclpy.experimental.events_executor import EventsExecutor
except ImportError:  # rclpy before 7.1.4
    EventsExecutor = None

MAX_PARAMETER_BYTES = 1024 * 1024  # rcl reads a larger file for minutes
SPIN_TIMEOUT_S = 0.1  # also the longest wait before a signal is noticed
RCLError = rclpy_implementation.RCLError


def run(
    make_node: Callable[[], Node],
    args: list[str] | None = None,
    stop: StopSignal | None = None,
) -> int:
    """
    Spin one node until it should stop; return the exit code of the process.

    0 after SIGINT, SIGTERM, ``rclpy.shutdown`` or a node that sets ``is_finished``; 1 with one
    line on stderr after a ``NeuralIkError`` or a bad parameter. Any other exception is a bug and
    escapes, after the same teardown. A node may have ``is_finished`` (bool, ends the loop) and
    ``before_exit()``, called while its publishers still work.

    :param args: Command line without the program name; ``None`` takes it from ``sys.argv``.
    :param stop: Given if the caller has already installed the signal handlers.
    """
    stop = StopSignal.installed() if stop is None else stop
    arguments = sys.argv[1:] if args is None else args
    try:
        _init(arguments)
        return _make_and_spin(make_node, stop)
    except KeyboardInterrupt:
        return 0  # stopped while starting
    except (NeuralIkError, ParameterException) as error:
        get_logger(PACKAGE_NAME).fatal(' '.join(str(error).split()))
        return 1
    finally:
        ignore_signals()
        rclpy.try_shutdown()
        gc.unfreeze()  # what is frozen at exit counts as leaked for nanobind, which Ruckig uses


def freeze_heap() -> None:
    """
    Exempt all living objects from garbage collection.

    A full collection takes 2 ms with rclpy alone and over 100 ms with large libraries. Call it
    again after a warm-up that allocates much.
    """
    gc.collect()
    gc.freeze()


def make_executor() -> Executor:
    """Return an events executor where rclpy has it, else a single-threaded one."""
    return SingleThreadedExecutor() if EventsExecutor is None else EventsExecutor()


def _init(arguments: list[str]) -> None:
    for flag, path in pairwise(arguments):
        if flag == '--params-file' and _size(path) > MAX_PARAMETER_BYTES:
            raise bad_parameter_file(Path(path), f'larger than {MAX_PARAMETER_BYTES} bytes')
    try:
        transport.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RCLError as error:
        remedy = 'check --ros-args and the parameter files'
        raise ConfigError('ROS arguments', str(error).rstrip('.'), remedy) from error
    unknown = remove_ros_args(['', *arguments])[1:]
    if unknown:
        remedy = (
            'give ROS arguments only, for example '
            '--ros-args -p rate_hz:=100.0 --params-file my.yaml -r __ns:=/left'
        )
        raise ConfigError('command line', f'unknown arguments {unknown}', remedy)


def _size(path: str) -> int:
    """Return the size of a file, 0 if there is none: rcl reports that better."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _make_and_spin(make_node: Callable[[], Node], stop: StopSignal) -> int:
    stop.raises = True  # the first start of a node may compile for ten seconds
    node = _make(make_node)
    stop.raises = False
    refuse_disallowed_transitions(node)
    freeze_heap()
    executor = make_executor()
    try:
        executor.add_node(node)
        spin(executor, lambda: stop.is_set or getattr(node, 'is_finished', False))
    finally:
        ignore_signals()
        _call_before_exit(node)
        executor.shutdown()
        node.destroy_node()
    return 0


def _make(make_node: Callable[[], Node]) -> Node:
    try:
        return make_node()
    except RuntimeError as error:
        if 'QoS override' not in str(error):
            raise
        raise ConfigError('qos_overrides', str(error), 'correct it') from error


def spin(executor: Executor, is_over: Callable[[], bool]) -> None:
    """Spin an executor until ``is_over`` returns true or ROS shuts down."""
    try:
        while rclpy.ok() and not is_over():
            executor.spin_once(timeout_sec=SPIN_TIMEOUT_S)
    except ExternalShutdownException:
        return
    except Exception:
        if rclpy.ok():
            raise  # a bug; with an invalid context it comes from the shutdown


def _call_before_exit(node: Node) -> None:
    before_exit = getattr(node, 'before_exit', None)
    if before_exit is not None and rclpy.ok():
        before_exit()


def refuse_disallowed_transitions(node: Node) -> None:
    """
    Answer ``success=False`` to a lifecycle transition that the current state does not allow.

    Before Kilted rclpy lets an RCLError escape from ``spin`` instead, which ends the node without
    a reply (rclpy issue 1209). Does nothing for a node without lifecycle services.
    """
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = _refusing(service.callback, node)


def _refusing(change_state: Callable[[Any, Any], Any], node: Node) -> Callable[[Any, Any], Any]:
    def callback(request: Any, response: Any) -> Any:
        try:
            return change_state(request, response)
        except RCLError as error:
            if 'ransition' not in str(error):
                raise
            wanted = request.transition.label or request.transition.id
            node.get_logger().warning(f'transition {wanted} refused: not allowed in this state')
            response.success = False
            return response

    return callback
