# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An offline replay: reads a bag; writes a bag, a report and timings."""

from __future__ import annotations

import contextlib
import heapq
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from .. import __version__
from ..interface.factory import motion_limits
from ..interface.node_config import NodeConfig
from ..motion import MotionLimits, Output, PoseTracker
from ..units import NS_PER_S
from .bag_reader import BagReader
from .bag_types import COMMANDS, JOINT_STATES, SOLUTION, TARGET, BagError, Topics
from .bag_writer import BagWriter, MessageBuilder
from .offline_node import OfflineNode, Response
from .regression import REPORT_FORMAT
from .replay_statistics import ReplayStatistics
from .timeline import Timeline

Progress: TypeAlias = Callable[[int], Callable[[int], Any]]
BAG, REPORT, TIMES = 'bag', 'report.json', 'times.json'
RESPONSES = (COMMANDS, SOLUTION)  # that are compared
MAX_TIME_DIFFERENCE_NS = 60 * NS_PER_S  # between a bag and the responses to it
# Properties of the machine and of the life cycle, without influence on what is computed.
NOT_SETTINGS = ('bundle', 'autostart', 'realtime_priority', 'cpu_affinity')


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What is replayed, and as which node."""

    bag: Path
    node: str  # fully qualified name
    topics: Topics  # in the bag and in the one that is written
    config: NodeConfig
    network: Mapping[str, str]  # its name and hash, for the report
    robot_description: str = ''  # that the node received, as a URDF; empty for none
    responses: Path | None = None  # another bag, with the responses of a node to this one
    may_start_late: bool = False  # whether responses at the start may be missing from it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """The results of a replay."""

    report: dict[str, Any]  # the same in every replay
    times: dict[str, Any]
    timeline: Timeline
    tracker: PoseTracker


def run_replay(options: ReplayOptions, folder: Path, begin: Progress) -> Replay:
    """
    Write bag, report and times to a folder; return them.

    :param begin: Called with the number of messages; returns a function to be called with the
        number of messages done since its last call.
    :raises NeuralIkError: If the bag, the network or a parameter cannot be used.
    """
    with contextlib.ExitStack() as stack:
        readers = _open(options, stack)
        session = _Session(options, readers)
        folder.mkdir(exist_ok=True)
        writer = stack.enter_context(BagWriter(folder / BAG, readers[0].storage, options.topics))
        started_s = time.perf_counter()
        session.play(writer, begin(sum(reader.n_messages for reader in readers)))
        replay = session.result(time.perf_counter() - started_s)
    for name, content in ((REPORT, replay.report), (TIMES, replay.times)):
        (folder / name).write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    return replay


def _open(options: ReplayOptions, stack: contextlib.ExitStack) -> list[BagReader]:
    """Return the readers of the bag and, if that is another one, of the responses to it."""
    if options.responses is None:
        return [stack.enter_context(BagReader(options.bag, options.topics, wanted=RESPONSES))]
    bag = stack.enter_context(BagReader(options.bag, options.topics, wanted=()))
    needed, wanted = (SOLUTION,), (COMMANDS,)
    responses = BagReader(options.responses, options.topics, needed=needed, wanted=wanted)
    late_ns = stack.enter_context(responses).start_ns - bag.start_ns
    if not -MAX_TIME_DIFFERENCE_NS <= late_ns <= bag.duration_ns + MAX_TIME_DIFFERENCE_NS:
        problem = f'was recorded at another time than {options.bag}'
        raise BagError(options.responses, problem, 'record it on its clock (--use-sim-time)')
    return [bag, responses]


class _Session:
    """Sends the messages of a bag to an offline node and collects its responses."""

    def __init__(self, options: ReplayOptions, readers: list[BagReader]) -> None:
        self._options, self._readers, self._reader = options, readers, readers[0]
        config = options.config
        self._node = OfflineNode(
            config, self._on_response, self._on_status, options.robot_description
        )
        self._tracker = self._node.streaming.tracker
        self._limits: MotionLimits = motion_limits(self._tracker.solver.arm, config)
        joint_names = self._node.streaming.joint_names
        self._messages = MessageBuilder(joint_names, self._node.streaming.base_frame)
        self._statistics = ReplayStatistics(
            self._limits,
            joint_names,
            has_solutions=readers[-1].has(SOLUTION),
            may_start_late=options.may_start_late,
        )
        self._timeline = Timeline(self._reader.start_ns, self._reader.duration_ns)
        self._n_read: Counter[str] = Counter()

    def play(self, writer: BagWriter, advance: Callable[[int], Any]) -> None:
        """Send every message to the node, write what it publishes."""
        self._writer = writer
        node, n_read, now_ns = self._node, self._n_read, 0
        sources = [reader.messages() for reader in self._readers]
        for recorded in heapq.merge(*sources, key=lambda one: one.time_ns):
            now_ns = recorded.time_ns
            if recorded.role == TARGET:
                node.send_target(recorded.message, now_ns)
            elif recorded.role == JOINT_STATES:
                node.send_joint_state(recorded.message, now_ns)
            else:
                node.advance(now_ns)
                self._statistics.add_recorded(recorded.role, recorded.message, now_ns)
            n_read[recorded.role] += 1
            advance(1)
        node.stop(now_ns)

    def result(self, duration_s: float) -> Replay:
        """Return the results of a replay that took a time [s]."""
        bag_s = self._reader.duration_ns / NS_PER_S
        report = {
            'format': REPORT_FORMAT,
            'made_by': {'version': __version__},
            'bag': {
                'name': self._reader.name,
                'storage': self._reader.storage,
                'duration_s': bag_s,
                'targets': self._n_read[TARGET],
                'joint_states': self._n_read[JOINT_STATES],
                'commands': self._n_read[COMMANDS],
                'unusable_joint_states': self._node.n_invalid_joint_states,
            },
            'settings': self._settings(),
            **self._statistics.values(),
        }
        times = {
            'duration_s': duration_s,
            'messages_per_s': sum(self._n_read.values()) / duration_s,
            'times_as_fast_as_recorded': bag_s / duration_s,
            'solve_ms': self._statistics.solve_ms(),
        }
        return Replay(report=report, times=times, timeline=self._timeline, tracker=self._tracker)

    def _settings(self) -> dict[str, Any]:
        arm, limits = self._tracker.solver.arm, self._limits
        parameters = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self._options.config).items()
            if name not in NOT_SETTINGS
        }
        return {
            'network': dict(self._options.network),
            'arm': {
                'name': arm.name,
                'lower': limits.lower.tolist(),
                'upper': limits.upper.tolist(),
                'velocity': arm.velocity.tolist(),
            },
            'parameters': parameters,
        }

    def _on_response(self, response: Response) -> None:
        self._statistics.add(response)
        self._timeline.add(response)
        write_response(self._writer, self._messages, response)

    def _on_status(self, output: Output, now_ns: int) -> None:
        self._writer.write_status(self._messages.status(self._options.node, output), now_ns)


def write_response(
    writer: BagWriter, messages: MessageBuilder, response: Response, *, delay_ns: int = 0
) -> None:
    """Write the command and the solution of a response, recorded after a delay."""
    output, now_ns = response.output, response.now_ns + delay_ns
    if output.command is None:
        return
    writer.write_command(messages.command(output.command), now_ns)
    if output.solution is not None and response.target is not None:
        solution = messages.solution(output.solution.q, response.target.header.stamp)
        writer.write_solution(solution, now_ns)
