# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Results of a run: plain rows, as JSON and as tidy CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PeerRow:
    """A peer that was measured."""

    name: str
    package: str
    version: str
    kind: str
    call: str
    is_solver: bool


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """One peer on one set; shares are of all calls, errors of the answers."""

    set: str
    peer: str
    n_problems: int
    n_calls: int
    answered: float
    solved: float  # on target to 1e-5 m and rad, within the limits
    exact: float  # to 1e-9
    posture_kept: float  # of the solved ones
    position_median: float | None  # [m]
    position_max: float | None  # [m]
    rotation_max: float | None  # [rad]
    p50_us: float  # median over the rounds, as all that follow
    p50_low_us: float  # of the rounds
    p50_high_us: float
    mean_us: float
    p99_us: float | None  # nothing if a round has fewer than 100 calls


@dataclass(frozen=True, kw_only=True)
class PathRow:
    """One peer on one path."""

    path: str
    peer: str
    n_targets: int
    failures: int
    max_joint_step: float  # [rad] of a joint, from one answer to the next
    posture_changes: int
    p50_us: float
    p99_us: float
    max_us: float


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A peer that was not measured, and why."""

    peer: str
    where: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """All results, and what they were measured with."""

    form: str  # quick or full
    configuration: Mapping[str, Any]
    hardware: Mapping[str, Any]
    versions: Mapping[str, str]
    model_sha256: str  # of the shipped network
    problems_sha256: str
    judges_disagreement: float  # largest difference in an element of a pose, [m] or no unit
    peers: Sequence[PeerRow]
    sets: Sequence[SetRow]
    paths: Sequence[PathRow]
    left_out: Sequence[LeftOut]

    def row(self, set_name: str, peer: str) -> SetRow | None:
        """Return the row of a peer on a set, if there is one."""
        found = [row for row in self.sets if (row.set, row.peer) == (set_name, peer)]
        return found[0] if found else None

    def to_json(self) -> str:
        """Return the content of ``results.json``."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + '\n'


def read_results(path: Path) -> Results:
    """Return what ``to_json`` wrote to a file."""
    content = json.loads(path.read_text(encoding='utf-8'))
    kinds = {
        'peers': PeerRow,
        'sets': SetRow,
        'paths': PathRow,
        'left_out': LeftOut,
    }
    rows = {name: [kind(**row) for row in content[name]] for name, kind in kinds.items()}
    return Results(**content | rows)


def write_csv(path: Path, rows: Iterable[SetRow | PathRow | LeftOut], kind: type) -> None:
    """Write rows as a table with one header, one line an observation."""
    names = [field.name for field in fields(kind)]
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, names, lineterminator='\n')
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
