# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What became of each pose of a stream: answered, replaced, refused or lost.

A pose is never excused for lack of evidence. It is answered if it was taken and a trajectory was
sent while its callback ran; refused if it was taken and the status of its answer is not a solved
one. It is replaced if it arrived, was not taken, and a newer one arrived before the executor came
round to it, which is known from a marker that the source sends behind each pose. All others are
lost: poses that did not arrive, that were passed over, or that were taken without an answer or a
refusal. See ``probe``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

Times: TypeAlias = NDArray[np.int64]  # [ns] since the epoch
NEVER = 0  # [ns] a time before all others, for a marker that was never served
UNKNOWN = -1  # status of a pose without an answer
ANSWERED, REPLACED, REFUSED, LOST = 'answered', 'replaced', 'refused', 'lost'
NEVER_SEEN = 'sent, but neither recorded nor arrived'
NOT_ARRIVED = 'did not arrive'
PASSED_OVER = 'arrived, and was not taken when the loop came round'
NO_ANSWER = 'taken, but neither answered nor refused'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """What a probe has recorded in the process of a candidate."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *('arrived_stamp', 'arrived_number', 'arrived_ns', 'marker_stamp', 'marker_ns'),
        *('taken_stamp', 'began_ns', 'ended_ns', 'status'),
    )
    arrived_stamp: Times  # (a,) of each pose that arrived, in that order
    arrived_number: Times  # (a,) how many the source had sent then
    arrived_ns: Times  # (a,) when DDS had it
    marker_stamp: Times  # (r,) of each pose whose marker was served, taken or not
    marker_ns: Times  # (r,) when it was served
    taken_stamp: Times  # (t,) of each pose that was taken
    began_ns: Times  # (t,)
    ended_ns: Times  # (t,)
    status: Times  # (t,) index into statuses, or UNKNOWN
    statuses: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Observations:
        """Read the file that a probe has written."""
        with np.load(path) as file:
            columns = {name: file[name] for name in cls.COLUMNS}
            return cls(statuses=tuple(map(str, file['statuses'])), **columns)


@dataclass(kw_only=True)
class Ledger:
    """The number of poses with each fate."""

    answered: int = 0
    replaced: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by status
    lost: Counter[str] = field(default_factory=Counter)  # by what is known of them

    def __iadd__(self, other: Ledger) -> Ledger:
        """Add another ledger."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self

    @property
    def n_refused(self) -> int:
        """Number of poses refused."""
        return self.refused.total()

    @property
    def n_lost(self) -> int:
        """Number of poses lost."""
        return self.lost.total()

    @property
    def n_sent(self) -> int:
        """Number of all poses."""
        return self.answered + self.replaced + self.n_refused + self.n_lost

    @property
    def unanswered_percent(self) -> float:
        """Share of the poses without a trajectory."""
        return 100.0 * (1.0 - self.answered / max(self.n_sent, 1))


def make_ledger(stamps: Times, trajectories_ns: Times, observations: Observations) -> Ledger:
    """
    Return what became of the poses from the first to the last of those recorded.

    :param stamps: Of the poses sent (n,), increasing; all poses in between are counted, recorded
        or not.
    :param trajectories_ns: When trajectories were sent (k,), increasing.
    """
    total = Ledger()
    for kind, detail in fates(stamps, trajectories_ns, observations):
        if kind == ANSWERED:
            total.answered += 1
        elif kind == REPLACED:
            total.replaced += 1
        else:
            (total.refused if kind == REFUSED else total.lost)[detail] += 1
    total.lost += Counter({NEVER_SEEN: n_never_seen(stamps, observations)})
    return total


def fates(
    stamps: Times, trajectories_ns: Times, observations: Observations
) -> Iterator[tuple[str, str]]:
    """Yield the fate of each pose that was recorded or arrived, and its status or reason."""
    arrivals = {stamp: i for i, stamp in enumerate(observations.arrived_stamp.tolist())}
    takings = {stamp: i for i, stamp in enumerate(observations.taken_stamp.tolist())}
    markers_ns = dict(zip(observations.marker_stamp.tolist(), observations.marker_ns, strict=True))
    for stamp in all_stamps(stamps, observations).tolist():
        if stamp in takings:
            yield fate_of_taken(takings[stamp], trajectories_ns, observations)
        elif stamp not in arrivals:
            yield LOST, NOT_ARRIVED
        elif is_replaced(arrivals[stamp], markers_ns.get(stamp, NEVER), observations):
            yield REPLACED, ''
        else:
            yield LOST, PASSED_OVER


def fate_of_taken(i: int, trajectories_ns: Times, observations: Observations) -> tuple[str, str]:
    """Return the fate of the i-th pose that was taken."""
    index = observations.status[i]
    status = '' if index == UNKNOWN else observations.statuses[index]
    if status and not status.startswith('SOLVED'):
        return REFUSED, status
    after = np.searchsorted(trajectories_ns, observations.began_ns[i])
    if after < len(trajectories_ns) and trajectories_ns[after] <= observations.ended_ns[i]:
        return ANSWERED, status
    return LOST, NO_ANSWER


def is_replaced(i: int, marker_ns: int, observations: Observations) -> bool:
    """Return whether a newer pose had arrived when the marker of the i-th one was served."""
    newer = i + 1
    if newer >= len(observations.arrived_ns):
        return False
    return bool(observations.arrived_ns[newer] <= marker_ns)


def all_stamps(stamps: Times, observations: Observations) -> Times:
    """Return the stamps of all poses, recorded or arrived, from the first to the last recorded."""
    arrived = observations.arrived_stamp
    is_between = (arrived >= stamps[0]) & (arrived <= stamps[-1])
    return np.union1d(stamps, arrived[is_between])


def n_never_seen(stamps: Times, observations: Observations) -> int:
    """Return how many poses the source counted beyond those that were recorded or arrived."""
    among = all_stamps(stamps, observations)
    rows = np.flatnonzero(np.isin(observations.arrived_stamp, among))
    if len(rows) == 0:
        return 0
    numbers = observations.arrived_number[rows]
    first, last = np.searchsorted(among, observations.arrived_stamp[rows[[0, -1]]])
    return int(numbers[-1] - numbers[0] - (last - first))
