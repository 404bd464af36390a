# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plays a bag to a node in a process of its own, on the clock of the bag."""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import SOURCE_ROS, MissingLibraryError, ProcessError
from ...replay.bag_reader import BagReader
from ...replay.bag_types import Topics
from ...units import NS_PER_S
from .isolation import isolated_environment, reserved_domain
from .node_process import NodeProcess, failures

POLL_S = 0.05
START_TIMEOUT_S = 120.0  # the first start compiles the kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """The bag, and the node that it is played to."""

    bag: Path
    node: str  # fully qualified name
    topics: Topics  # in the bag
    params_file: Path | None
    prefix: str


def play_live(options: LiveOptions, responses: Path, log: Callable[[str], None]) -> None:
    """
    Play a bag to a real node and write a bag of its responses.

    In lock-step: the clock of the bag stands still until the node has processed each message, so
    that nothing is lost on a busy machine. In a ROS domain of its own on the loopback.

    :param log: Called with a line for the user once the bag has been checked.
    :raises NeuralIkError: If the bag is bad, before anything is started, or a process fails.
    """
    if importlib.util.find_spec('rclpy') is None:
        raise MissingLibraryError('rclpy', SOURCE_ROS)
    log(f'playing {_checked_s(options):.1f} s into a node, as fast as recorded')
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        domain_id = stack.enter_context(reserved_domain())
        environment = isolated_environment(logs, domain_id)
        arguments = {'neural_ik_node': _node(options), 'bag_player': _player(options, responses)}
        node, player = (
            stack.enter_context(
                NodeProcess(name, *given, log=logs / f'{name}.log', environment=environment)
            )
            for name, given in arguments.items()
        )
        _watch(node, player)
        node.end()
        problems = failures([player, node])
        if problems:
            raise _failed('; '.join(problems))


def _failed(problem: str) -> ProcessError:
    return ProcessError('live replay', problem, 'replay it without --live to see more')


def _checked_s(options: LiveOptions) -> float:
    """Return the duration of the bag [s], after reading all of it to find faults."""
    with BagReader(options.bag, options.topics, wanted=()) as reader:
        for _ in reader.messages():
            pass
        return reader.duration_ns / NS_PER_S


def _node(options: LiveOptions) -> list[str]:
    namespace, _, name = options.node.rpartition('/')
    file = [] if options.params_file is None else ['--params-file', str(options.params_file)]
    return [
        *file,
        *(['-p', f'prefix:={options.prefix}'] if options.prefix else []),
        *('-p', 'use_sim_time:=true', '-p', 'autostart:=true'),
        *('-p', 'max_following_error_rad:=0.0'),  # the arm in the bag obeyed another node
        *('-r', f'__ns:={namespace or "/"}', '-r', f'__node:={name}'),
    ]


def _player(options: LiveOptions, responses: Path) -> list[str]:
    values = {
        'bag': options.bag.resolve(),
        'node': options.node,
        'target_topic': options.topics.target,
        'joint_states_topic': options.topics.joint_states,
        'lock_step': 'true',
        'responses': responses.resolve(),
    }
    return [part for name, value in values.items() for part in ('-p', f'{name}:={value}')]


def _watch(node: NodeProcess, player: NodeProcess) -> None:
    """Wait until the player ends; fail if the node ends before or does not become active."""
    deadline = time.monotonic() + START_TIMEOUT_S
    has_begun = False
    while player.is_running:
        has_begun = has_begun or 'plays' in player.output
        if not node.is_running or 'not configured' in node.output:
            lines = node.output.strip().splitlines() or ['no output']
            raise _failed(f'the node did not become active: {lines[-1]}')
        if not has_begun and time.monotonic() > deadline:
            raise _failed(f'the node was not active within {START_TIMEOUT_S:.0f} s')
        time.sleep(POLL_S)
