# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The messages of a bag that a node would have received, in the order of recording.

Bags are not trusted: anything wrong with one becomes a ``BagError``.
"""

from __future__ import annotations

import struct
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from rosbags.rosbag2.errors import ReaderError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError
else:
    from backports.zstd import ZstdError

from ..interface.cdr import CdrError
from ..interface.messages import ns_from_time
from ..units import NS_PER_S
from .bag_types import (
    COMMANDS,
    INPUTS,
    JOINT_STATES,
    SOLUTION,
    STORAGE_OF_SUFFIX,
    TARGET,
    TYPES,
    BagError,
    Topics,
    message_decoder,
)

MAX_BACKWARD_NS = 50_000_000  # by which stamps may go back: clocks are corrected
MAX_TOPICS = 8  # named in an error
REMEDIES = {
    TARGET: 'name the topic with --target-topic',
    JOINT_STATES: 'name the topic with --joint-states-topic',
    SOLUTION: 'record it beside the node',
}
# What rosbags raises for damaged files.
DAMAGE_ERRORS = (
    *(ReaderError, ZstdError, apsw.Error, OSError, EOFError, struct.error, AssertionError),
    *(IndexError, KeyError, RuntimeError, TypeError, ValueError),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedMessage:
    """One recorded message."""

    role: str  # of its topic: TARGET, JOINT_STATES, COMMANDS or SOLUTION
    time_ns: int  # of the recording
    message: Any
    data: bytes  # the serialised message


class BagReader:
    """A bag open for reading, with all topics that are needed."""

    def __init__(
        self,
        path: Path,
        topics: Topics,
        *,
        needed: Sequence[str] = INPUTS,
        wanted: Sequence[str] = (COMMANDS, SOLUTION),
    ) -> None:
        """
        Open and check it.

        :param needed: Roles of the topics that it must have.
        :param wanted: Roles of those that are read if it has them.
        :raises BagError: If it is no bag, is damaged or empty, or lacks a topic.
        """
        self._path, self._topics = path, topics
        self._stamps: dict[str, int] = {}  # newest one of each topic
        self._frame: str | None = None  # of the targets
        try:
            self._reader = Reader(path)
            self._reader.open()
        except DAMAGE_ERRORS as error:
            raise _opening_error(path, error) from error
        try:
            found = {
                **{role: self._needed(role) for role in needed},
                **{role: self._wanted(role) for role in wanted},
            }
        except BagError:
            self._reader.close()
            raise
        self._connections = [one for connections in found.values() for one in connections]
        self._roles = {topics.name(role): role for role in found}

    def __enter__(self) -> BagReader:
        """Return itself, open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the bag."""
        self._reader.close()

    @property
    def name(self) -> str:
        """Name of the folder or file."""
        return self._path.resolve().name

    @property
    def storage(self) -> str:
        """One of ``STORAGES``."""
        files = [self._path] if self._path.is_file() else sorted(self._path.iterdir())
        suffixes = [Path(file.name.removesuffix('.zstd')).suffix for file in files]
        return next(STORAGE_OF_SUFFIX[one] for one in suffixes if one in STORAGE_OF_SUFFIX)

    @property
    def start_ns(self) -> int:
        """When the first message of any topic was recorded."""
        return self._reader.start_time

    @property
    def duration_ns(self) -> int:
        """From the first message of any topic to the last."""
        return self._reader.duration

    def has(self, role: str) -> bool:
        """Return whether there are messages of a role."""
        topic = self._topics.name(role)
        return any(one.topic == topic and one.msgcount for one in self._connections)

    @property
    def n_messages(self) -> int:
        """Number of messages on the topics that are read."""
        return sum(connection.msgcount for connection in self._connections)

    def messages(self) -> Iterator[RecordedMessage]:
        """
        Yield the messages.

        :raises BagError: If one cannot be read or some are missing, time goes back, or targets
            are given in more than one frame.
        """
        n_read: Counter[str] = Counter()
        newest_ns, self._frame = 0, None
        self._stamps.clear()
        decode = message_decoder().decode
        for connection, time_ns, data in self._raw():
            topic = connection.topic
            n_read[topic] += 1
            if newest_ns - time_ns > MAX_BACKWARD_NS:
                self._refuse_backward_clock(newest_ns - time_ns, topic, n_read[topic])
            newest_ns = time_ns
            try:
                message = decode(data, connection.msgtype)
            except CdrError as error:
                problem = f'message {n_read[topic]} of {topic} cannot be read ({error})'
                raise BagError(self._path, problem, 'record it again') from error
            self._check(topic, message, n_read[topic])
            role = self._roles[topic]
            yield RecordedMessage(role=role, time_ns=time_ns, message=message, data=data)
        self._require_all(n_read)

    def _raw(self) -> Iterator[tuple[Connection, int, bytes]]:
        """Yield from rosbags; none of our code runs inside this try."""
        try:
            yield from self._reader.messages(self._connections)
        except DAMAGE_ERRORS as error:
            raise _damaged(self._path, error) from error

    def _needed(self, role: str) -> list[Connection]:
        connections, topic = self._wanted(role), self._topics.name(role)
        if not connections:
            found = sorted({f'{one.topic} ({one.msgtype})' for one in self._reader.connections})
            more = f' and {len(found) - MAX_TOPICS} more' if len(found) > MAX_TOPICS else ''
            listed = ', '.join(found[:MAX_TOPICS]) or 'none at all'
            problem = f'has no topic {topic}: it has {listed}{more}'
            raise BagError(self._path, problem, REMEDIES[role])
        if sum(connection.msgcount for connection in connections) == 0:
            problem = f'is empty: no message on {topic}'
            raise BagError(self._path, problem, 'record while they are sent')
        return connections

    def _wanted(self, role: str) -> list[Connection]:
        topic, kind = self._topics.name(role), TYPES[role]
        connections = [one for one in self._reader.connections if one.topic == topic]
        for one in connections:
            if one.msgtype != kind:
                problem = f'topic {topic} has the type {one.msgtype} instead of {kind}'
                raise BagError(self._path, problem, 'name another topic')
        return connections

    def _check(self, topic: str, message: Any, number: int) -> None:
        """Refuse a message of another time or frame than those before."""
        stamp_ns = ns_from_time(message.header.stamp)
        if stamp_ns != 0:
            back_ns = self._stamps.get(topic, stamp_ns) - stamp_ns
            if back_ns > MAX_BACKWARD_NS:
                self._refuse_backward_clock(back_ns, topic, number)
            self._stamps[topic] = stamp_ns
        if topic != self._topics.target:
            return
        frame = message.header.frame_id
        if self._frame is not None and frame != self._frame:
            frames = f'{self._frame!r} and, from message {number} on, {frame!r}'
            problem = f'mixes frames on {topic}: {frames}'
            raise BagError(self._path, problem, 'record targets in one frame')
        self._frame = frame

    def _refuse_backward_clock(self, back_ns: int, topic: str, number: int) -> None:
        problem = (
            f'the clock goes back by {back_ns / NS_PER_S:.3f} s at message {number} of {topic}'
        )
        raise BagError(self._path, problem, 'split it there: each part can be replayed')

    def _require_all(self, n_read: Counter[str]) -> None:
        expected: Counter[str] = Counter()
        for connection in self._connections:
            expected[connection.topic] += connection.msgcount
        for topic, n in expected.items():
            if n_read[topic] != n:
                problem = f'is truncated: has {n_read[topic]} of {n} messages of {topic}'
                raise BagError(self._path, problem, 'copy it again')


def _opening_error(path: Path, error: BaseException) -> BagError:
    if not path.exists():
        return BagError(path, 'does not exist', 'give the folder or the file of a bag')
    if path.is_dir() and not (path / 'metadata.yaml').exists():
        problem = 'has no metadata.yaml: its recording was not ended'
        return BagError(path, problem, 'run ros2 bag reindex')
    if path.is_file() and path.suffix not in STORAGE_OF_SUFFIX:
        problem = f'has the unknown storage {path.suffix!r}'
        return BagError(path, problem, 'give a bag in mcap or sqlite3')
    if 'Storage plugin' in str(error):
        problem = f'has an unknown storage ({_line(error)})'
        return BagError(path, problem, 'convert it to mcap or sqlite3')
    return _damaged(path, error)


def _damaged(path: Path, error: BaseException) -> BagError:
    problem = f'is truncated or damaged ({_line(error)})'
    return BagError(path, problem, 'copy or record it again')


def _line(error: BaseException) -> str:
    return ' '.join(str(error).split()).rstrip('.') or type(error).__name__
