# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What became of each pose of a stream: answered, replaced, refused or lost.

Nothing is excused for want of evidence. Answered is a pose that was taken and a trajectory that
left while it was in hand; refused, one that was taken and counted under a status that is none of
the solved ones. Replaced is a pose that arrived, was not taken, and lay there when a newer one
arrived, because the loop had not come round to it; when it does is known from a mark that the
source sends behind each pose. All the others are lost: poses that did not arrive, that were
passed over, or that were taken without an answer or a refusal. See ``witness``.
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
NEVER = 0  # [ns], a time before all others: nothing is known that would excuse a pose
UNKNOWN = -1  # status of a pose that was not counted under any
ANSWERED, REPLACED, REFUSED, LOST = 'answered', 'replaced', 'refused', 'lost'
NEVER_SEEN = 'sent, but neither recorded nor arrived'
NOT_ARRIVED = 'did not arrive'
PASSED_OVER = 'arrived, and was not taken when the loop came round'
NO_ANSWER = 'taken, but neither answered nor refused'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Witnessed:
    """What was seen in the process of whoever answers."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *('arrived_stamp', 'arrived_number', 'arrived_ns', 'round_stamp', 'round_ns'),
        *('taken_stamp', 'began_ns', 'ended_ns', 'status'),
    )
    arrived_stamp: Times  # (a,) of each pose that arrived, in that order
    arrived_number: Times  # (a,) how many the source had sent then
    arrived_ns: Times  # (a,) when DDS had it
    round_stamp: Times  # (r,) of each pose that the loop came round to, taken or not
    round_ns: Times  # (r,) when it did
    taken_stamp: Times  # (t,) of each pose that was taken
    began_ns: Times  # (t,)
    ended_ns: Times  # (t,)
    status: Times  # (t,) index into statuses, or UNKNOWN
    statuses: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Witnessed:
        """Return what a witness has written down."""
        with np.load(path) as file:
            columns = {name: file[name] for name in cls.COLUMNS}
            return cls(statuses=tuple(map(str, file['statuses'])), **columns)


@dataclass(kw_only=True)
class Account:
    """How many poses there were of each kind."""

    answered: int = 0
    replaced: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by status
    lost: Counter[str] = field(default_factory=Counter)  # by what is known of them

    def __iadd__(self, other: Account) -> Account:
        """Take another account in."""
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
        """Number of poses accounted for: all of them."""
        return self.answered + self.replaced + self.n_refused + self.n_lost

    @property
    def unanswered_percent(self) -> float:
        """Share of the poses that no trajectory went out for."""
        return 100.0 * (1.0 - self.answered / max(self.n_sent, 1))


def account(stamps: Times, trajectories_ns: Times, witnessed: Witnessed) -> Account:
    """
    Return what became of the poses from the first to the last of those recorded.

    :param stamps: Of the poses sent (n,), increasing; all that went between are accounted for,
        recorded or not.
    :param trajectories_ns: When trajectories were sent (k,), increasing.
    """
    total = Account()
    for kind, detail in fates(stamps, trajectories_ns, witnessed):
        if kind == ANSWERED:
            total.answered += 1
        elif kind == REPLACED:
            total.replaced += 1
        else:
            (total.refused if kind == REFUSED else total.lost)[detail] += 1
    total.lost += Counter({NEVER_SEEN: n_never_seen(stamps, witnessed)})
    return total


def fates(
    stamps: Times, trajectories_ns: Times, witnessed: Witnessed
) -> Iterator[tuple[str, str]]:
    """Yield what became of each pose that was recorded or arrived, and what is known of it."""
    arrivals = {stamp: i for i, stamp in enumerate(witnessed.arrived_stamp.tolist())}
    takings = {stamp: i for i, stamp in enumerate(witnessed.taken_stamp.tolist())}
    rounds_ns = dict(zip(witnessed.round_stamp.tolist(), witnessed.round_ns, strict=True))
    for stamp in seen(stamps, witnessed).tolist():
        if stamp in takings:
            yield fate_of_taken(takings[stamp], trajectories_ns, witnessed)
        elif stamp not in arrivals:
            yield LOST, NOT_ARRIVED
        elif is_replaced(arrivals[stamp], rounds_ns.get(stamp, NEVER), witnessed):
            yield REPLACED, ''
        else:
            yield LOST, PASSED_OVER


def fate_of_taken(i: int, trajectories_ns: Times, witnessed: Witnessed) -> tuple[str, str]:
    """Return what became of the i-th pose that was taken."""
    index = witnessed.status[i]
    status = '' if index == UNKNOWN else witnessed.statuses[index]
    if status and not status.startswith('SOLVED'):
        return REFUSED, status
    after = np.searchsorted(trajectories_ns, witnessed.began_ns[i])
    if after < len(trajectories_ns) and trajectories_ns[after] <= witnessed.ended_ns[i]:
        return ANSWERED, status
    return LOST, NO_ANSWER


def is_replaced(i: int, round_ns: int, witnessed: Witnessed) -> bool:
    """Return whether a newer pose was there when the loop came round to the i-th to arrive."""
    newer = i + 1
    if newer >= len(witnessed.arrived_ns):
        return False
    return bool(witnessed.arrived_ns[newer] <= round_ns)


def seen(stamps: Times, witnessed: Witnessed) -> Times:
    """Return the stamps of all poses, recorded or arrived, from the first to the last recorded."""
    arrived = witnessed.arrived_stamp
    is_between = (arrived >= stamps[0]) & (arrived <= stamps[-1])
    return np.union1d(stamps, arrived[is_between])


def n_never_seen(stamps: Times, witnessed: Witnessed) -> int:
    """Return how many poses the source counted beyond those that anybody saw."""
    among = seen(stamps, witnessed)
    rows = np.flatnonzero(np.isin(witnessed.arrived_stamp, among))
    if len(rows) == 0:
        return 0
    numbers = witnessed.arrived_number[rows]
    first, last = np.searchsorted(among, witnessed.arrived_stamp[rows[[0, -1]]])
    return int(numbers[-1] - numbers[0] - (last - first))
