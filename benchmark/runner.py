# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One run: from the problems to the folder with the results."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.kinematics import Arm
from neural_ik_ros.learning.bundle.card import MODEL
from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.provenance import hardware, versions

from .measure import Plan, Unmeasured, agreeing_workers, measure_paths, measure_set
from .paths import RATE, arm_paths
from .peers import ADAPTERS, Adapter
from .problem_sets import CALIBRATED, MEANINGS, UNREACHABLE, ProblemSets, load_sets
from .report.plots import save_plots
from .report.results import LeftOut, PathRow, PeerRow, Results, SetRow, write_csv
from .report.tables import page
from .workers import Worker

RESULTS_FILE = 'results.json'
LIBRARIES = ('numpy', 'numba', 'scipy', 'tensorflow-cpu')
WITHOUT_NETWORKS = (
    UNREACHABLE,
    CALIBRATED,
)  # a forward pass cannot refuse, and knows one arm only


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large a run is."""

    name: str
    n: int  # problems of each set
    path_seconds: float
    plan: Plan


QUICK = Form(
    name='quick', n=1000, path_seconds=2.0, plan=Plan(rounds=5, budget=1.0, path_budget=3.0)
)
FULL = Form(
    name='full', n=10_000, path_seconds=8.0, plan=Plan(rounds=9, budget=12.0, path_budget=60.0)
)


class UnknownNameError(NeuralIkError):
    """A peer or a set does not exist."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(f'unknown: {", ".join(names)}. Choose from {", ".join(known)}.')


def run(
    form: Form,
    *,
    cache: Path,
    output: Path,
    peers: Sequence[str] | None = None,
    sets: Sequence[str] | None = None,
) -> None:
    """Measure and write results, tables and pictures."""
    adapters = [ADAPTERS[k] for k in _chosen(peers, [adapter.name for adapter in ADAPTERS])]
    names = [list(MEANINGS)[k] for k in _chosen(sets, list(MEANINGS))]
    bundle, load_before = load_bundle(None), os.getloadavg()[0]
    problems, digest = load_sets(bundle.arm, form.n, cache)
    unmeasured = Unmeasured()
    began = time.monotonic()
    with ExitStack() as processes:
        started = (processes.enter_context(Worker(adapter)) for adapter in adapters)
        agreed = agreeing_workers(started, problems['near'][0], unmeasured)
        # Before the sets, of which the calibrated arms are the last: a process knows one arm.
        paths = _measured_paths(form, bundle.arm, agreed, unmeasured)
        rows, disagreement = _measured_sets(form, names, problems, agreed, unmeasured)
        memory = _peak_memory(agreed)
    results = Results(
        form=form.name,
        configuration={
            **_configuration(form),
            'seconds': round(time.monotonic() - began),
            'peak_memory_mb': memory,
        },
        hardware={**hardware(), 'cores_used': _n_cores(), 'load_before': round(load_before, 2)},
        versions=versions(LIBRARIES),
        model_sha256=bundle.card.files[MODEL].sha256,
        problems_sha256=digest,
        judges_disagreement=disagreement,
        peers=[_peer_row(worker.adapter) for worker in agreed],
        sets=rows,
        paths=paths,
        left_out=unmeasured.rows,
    )
    _write(results, output)


def _configuration(form: Form) -> dict[str, float]:
    return {
        'n': form.n,
        'path_seconds': form.path_seconds,
        'path_rate': RATE,
        **asdict(form.plan),
    }


def _chosen(asked: Sequence[str] | None, known: Sequence[str]) -> list[int]:
    if unknown := [name for name in asked or () if name not in known]:
        raise UnknownNameError(unknown, known)
    return [k for k, name in enumerate(known) if asked is None or name in asked]


def _measured_sets(
    form: Form,
    names: Sequence[str],
    problems: ProblemSets,
    agreed: Sequence[Worker],
    unmeasured: Unmeasured,
) -> tuple[list[SetRow], float]:
    rows, worst = [], 0.0
    for name in names:
        asked = [peer for peer in agreed if peer.adapter.is_solver or name not in WITHOUT_NETWORKS]
        found, disagreement = measure_set(name, problems[name], asked, form.plan, unmeasured)
        rows += found
        worst = max(worst, disagreement)
        print(f'{name}: {len(found)} peers measured', flush=True)
    return rows, worst


def _measured_paths(
    form: Form, arm: Arm, agreed: Sequence[Worker], unmeasured: Unmeasured
) -> list[PathRow]:
    solvers = [peer for peer in agreed if peer.adapter.is_solver]
    rows = measure_paths(arm_paths(arm, form.path_seconds), solvers, form.plan, unmeasured)
    n_measured = len({row.peer for row in rows}) - 1  # the path itself is a row as well
    print(f'paths: {n_measured} peers measured', flush=True)
    return rows


def _peer_row(adapter: Adapter) -> PeerRow:
    return PeerRow(
        name=adapter.name,
        package=adapter.package,
        version=adapter.version,
        kind=adapter.kind,
        call=adapter.call,
        is_solver=adapter.is_solver,
    )


def _peak_memory(workers: Sequence[Worker]) -> dict[str, int]:
    """Return the peak of each process that still runs [MB]; libraries they share count in each."""
    peaks = {worker.name: round(worker.peak_memory) for worker in workers if worker.is_alive}
    print(f'memory: {sum(peaks.values())} MB in {len(peaks)} processes at their peaks', flush=True)
    return peaks


def _n_cores() -> int:
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 0
    )


def _write(results: Results, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / RESULTS_FILE).write_text(results.to_json(), encoding='utf-8')
    (output / 'report.md').write_text(page(results), encoding='utf-8')
    write_csv(output / 'sets.csv', results.sets, SetRow)
    write_csv(output / 'paths.csv', results.paths, PathRow)
    write_csv(output / 'left_out.csv', results.left_out, LeftOut)
    save_plots(results, output)
    print(f'written to {output}/, tables in {output}/report.md')
