# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One replay: a bag in; a bag, a report and the times it took out."""

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
from ..interface.description_check import USE
from ..interface.factory import make_tracker, motion_limits
from ..interface.node_config import NodeConfig
from ..interface.parameter_table import ParameterError
from ..motion import MotionLimits, PoseTracker
from ..units import NS_PER_S
from .bag_reader import BagReader
from .bag_types import COMMANDS, JOINT_STATES, SOLUTION, TARGET, BagError, Topics
from .bag_writer import BagWriter, Messages
from .offline_node import Answer, OfflineNode
from .regression import REPORT_FORMAT
from .replay_statistics import ReplayStatistics
from .timeline import Timeline

Progress: TypeAlias = Callable[[int], Callable[[int], Any]]
BAG, REPORT, TIMES = 'bag', 'report.json', 'times.json'
ANSWERS = (COMMANDS, SOLUTION)  # what is compared
OTHER_TIME_NS = 60 * NS_PER_S
# Of the machine and of the life cycle, not of what is computed.
NOT_SETTINGS = ('bundle', 'autostart', 'realtime_priority', 'cpu_affinity')


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What is replayed, and as which node."""

    bag: Path
    node: str  # fully qualified name
    topics: Topics  # in the bag and in the one that is written
    config: NodeConfig
    network: Mapping[str, str]  # what it is, for the report
    answers: Path | None = None  # another bag, with what a node answered to this one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """What came of it."""

    report: dict[str, Any]  # the same with every replay
    times: dict[str, Any]
    timeline: Timeline
    tracker: PoseTracker


def run_replay(options: ReplayOptions, folder: Path, begin: Progress) -> Replay:
    """
    Write bag, report and times to a folder; return them.

    :param begin: Called with the number of messages; what it returns, with how many more are done.
    :raises NeuralIkError: If the bag, the network or a parameter cannot be used.
    """
    if options.config.robot_description_mode == USE:
        problem = f'{USE!r} is for a running node; a replay solves for the arm of the bundle'
        raise ParameterError('robot_description_mode', problem)
    with contextlib.ExitStack() as stack:
        readers = _open(options, stack)
        tracker = make_tracker(options.config)
        folder.mkdir(exist_ok=True)
        writer = BagWriter(folder / BAG, readers[0].storage, options.topics)
        session = _Session(options, tracker, readers, stack.enter_context(writer))
        started_s = time.perf_counter()
        session.play(begin(sum(reader.n_messages for reader in readers)))
        replay = session.result(time.perf_counter() - started_s)
    for name, content in ((REPORT, replay.report), (TIMES, replay.times)):
        (folder / name).write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')
    return replay


def _open(options: ReplayOptions, stack: contextlib.ExitStack) -> list[BagReader]:
    """Return the readers of the bag and, if that is another one, of the answers to it."""
    if options.answers is None:
        return [stack.enter_context(BagReader(options.bag, options.topics, wanted=ANSWERS))]
    bag = stack.enter_context(BagReader(options.bag, options.topics, wanted=()))
    needed, wanted = (SOLUTION,), (COMMANDS,)
    answers = BagReader(options.answers, options.topics, needed=needed, wanted=wanted)
    late_ns = stack.enter_context(answers).start_ns - bag.start_ns
    if not -OTHER_TIME_NS <= late_ns <= bag.duration_ns + OTHER_TIME_NS:
        problem = f'was recorded at another time than {options.bag}'
        raise BagError(options.answers, f'{problem}. Record it on its clock (--use-sim-time).')
    return [bag, answers]


class _Session:
    """The way of the messages from bag to bag."""

    def __init__(
        self,
        options: ReplayOptions,
        tracker: PoseTracker,
        readers: list[BagReader],
        writer: BagWriter,
    ) -> None:
        self._options, self._tracker = options, tracker
        self._readers, self._reader, self._writer = readers, readers[0], writer
        config, arm = options.config, tracker.solver.arm
        self._limits: MotionLimits = motion_limits(arm, config)
        joint_names = [config.prefix + name for name in arm.joint_names]
        self._messages = Messages(joint_names, tracker.config.base_frame)
        has_solutions = readers[-1].has(SOLUTION)
        self._tally = ReplayStatistics(self._limits, joint_names, has_solutions=has_solutions)
        self._timeline = Timeline(self._reader.start_ns, self._reader.duration_ns)
        self._player = OfflineNode(tracker, joint_names, self._take)
        self._n_read: Counter[str] = Counter()

    def play(self, advance: Callable[[int], Any]) -> None:
        """Put every message through the node's logic."""
        player, n_read, now_ns = self._player, self._n_read, 0
        sources = [reader.messages() for reader in self._readers]
        for recorded in heapq.merge(*sources, key=lambda one: one.time_ns):
            now_ns = recorded.time_ns
            if recorded.role == TARGET:
                player.target(recorded.message, now_ns)
            elif recorded.role == JOINT_STATES:
                player.joints(recorded.message, now_ns)
            else:
                player.wait(now_ns)
                self._tally.take_recorded(recorded.role, recorded.message, now_ns)
            n_read[recorded.role] += 1
            advance(1)
        player.end(now_ns)

    def result(self, duration_s: float) -> Replay:
        """Return what came of it, after so much time."""
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
                'unusable_joint_states': self._player.n_unusable_joints,
            },
            'settings': self._settings(),
            **self._tally.values(),
        }
        times = {
            'duration_s': duration_s,
            'messages_per_s': sum(self._n_read.values()) / duration_s,
            'times_as_fast_as_recorded': bag_s / duration_s,
            'solve_ms': self._tally.solve_ms(),
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

    def _take(self, answer: Answer) -> None:
        self._tally.take(answer)
        self._timeline.take(answer)
        write(self._writer, self._messages, self._options.node, answer)


def write(
    writer: BagWriter, messages: Messages, node: str, answer: Answer, *, delay_ns: int = 0
) -> None:
    """Write everything that the node publishes with an answer, recorded so much later."""
    output, now_ns = answer.output, answer.now_ns + delay_ns
    if output.command is not None:
        writer.command(messages.command(output.command), now_ns)
        if output.solution is not None and answer.target is not None:
            solution = messages.solution(output.solution.q, answer.target.header.stamp)
            writer.solution(solution, now_ns)
    if answer.is_news:
        writer.status(messages.status(node, output), now_ns)
