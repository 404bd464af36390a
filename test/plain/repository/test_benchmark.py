# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark asks everybody the same and believes nobody."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fake_peers import (
    adding,
    beyond_limits,
    counting,
    crashing,
    echo,
    endless,
    honest,
    missing,
    other_arm,
    peer,
    raising,
    refusing,
    silent,
)
from oracles import needs_pinocchio

from neural_ik_ros.kinematics import arm_from_urdf, forward, is_within_limits, random_joints

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY))  # the benchmark is not installed

from benchmark.descriptions import arm_urdf, quaternion_xyzw, rpy  # noqa: E402
from benchmark.paths import ArmPath  # noqa: E402
from benchmark.peers.adapter import nearest  # noqa: E402
from benchmark.problem_sets import MEANINGS, UNREACHABLE, load_sets  # noqa: E402
from benchmark.problems import calibrated_arm, expected_status  # noqa: E402
from benchmark.workers import PeerFailedError, Worker, _Peer  # noqa: E402
from neural_ik_ros.kinematics import rotation_from_rpy  # noqa: E402
from neural_ik_ros.solver import IkStatus  # noqa: E402

ROUNDING = 1e-14
N = 20


@pytest.fixture(scope='module')
def sets(arm, tmp_path_factory):
    return load_sets(arm, N, tmp_path_factory.mktemp('cache'))[0]


@pytest.fixture(scope='module')
def honest_worker() -> Iterator[Worker]:
    with Worker(peer(honest)) as worker:
        yield worker


@pytest.fixture(scope='module')
def echo_worker() -> Iterator[Worker]:
    with Worker(peer(echo)) as worker:
        yield worker


@pytest.mark.parametrize('pitch', [0.0, 1.2, np.pi / 2, np.pi / 2 - 1e-9, -np.pi / 2])
def test_rpy_describes_the_rotation_when_two_axes_coincide(pitch):
    rotation = rotation_from_rpy([0.3, pitch, -2.0])

    assert np.abs(rotation_from_rpy(rpy(rotation)) - rotation).max() < ROUNDING


@pytest.mark.parametrize('seed', range(5))
def test_quaternion_describes_the_rotation(seed):
    rotation = rotation_from_rpy(np.random.default_rng(seed).uniform(-3.0, 3.0, 3))

    x, y, z, w = quaternion_xyzw(rotation)

    assert np.isclose(rotation[1, 0], 2.0 * (x * y + z * w))
    assert np.isclose(rotation[2, 1], 2.0 * (y * z + x * w))
    assert np.isclose(np.trace(rotation), 4.0 * w * w - 1.0)


@pytest.mark.parametrize('is_calibrated', [False, True])
def test_arm_urdf_describes_the_same_arm(arm, is_calibrated):
    told = calibrated_arm(arm, 3) if is_calibrated else arm
    q = random_joints(told, np.random.default_rng(0), 50)

    read = arm_from_urdf(arm_urdf(told))

    assert np.abs(forward(read, q) - forward(told, q)).max() < ROUNDING
    assert (read.lower == told.lower).all()
    assert (read.upper == told.upper).all()


def test_load_sets_returns_the_same_problems_from_its_file(arm, tmp_path):
    made, made_digest = load_sets(arm, N, tmp_path)

    loaded, digest = load_sets(arm, N, tmp_path)

    assert digest == made_digest
    assert list(loaded) == list(MEANINGS) == list(made)
    assert sum(len(part.targets) for part in loaded['calibrated']) == N
    assert all(len(loaded[name][0].targets) == N for name in MEANINGS if name != 'calibrated')


def test_unreachable_targets_have_no_solution_and_others_have(sets):
    for name, parts in sets.items():
        if name == 'calibrated':
            continue  # no closed form knows
        solvable = [expected_status(parts[0].arm, target).is_solved for target in parts[0].targets]
        assert len(solvable) == N
        assert all(solvable) == (name != UNREACHABLE)
        assert any(solvable) == (name != UNREACHABLE)


def test_current_joints_of_every_set_are_within_the_limits(sets):
    assert len(sets) == len(MEANINGS)
    for parts in sets.values():
        assert all(is_within_limits(part.arm, part.q_current).all() for part in parts)


def test_nearest_takes_the_smallest_largest_move_after_turns(arm):
    q_current = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 3.5])
    turned = np.array([0.1, 0.0, 0.0, 0.0, 0.5, 3.5 - 2.0 * np.pi])
    farther = np.array([0.0, 0.0, 0.3, 0.0, 0.5, 3.5])
    outside = np.array([0.0, 0.0, 2.0, 0.0, 0.5, 3.5])
    missing = np.full(6, np.nan)

    q = nearest(arm, np.array([outside, missing, farther, turned, farther]), q_current)

    assert np.allclose(q, [0.1, 0.0, 0.0, 0.0, 0.5, 3.5])
    assert nearest(arm, np.array([outside, missing]), q_current) is None


@needs_pinocchio
def test_measure_set_judges_answers_instead_of_believing_them(sets, honest_worker, echo_worker):
    from benchmark.measure import Plan, Unmeasured, measure_set

    plan = Plan(rounds=2, budget=10.0, path_budget=1.0)
    with ExitStack() as processes:
        others = [
            processes.enter_context(Worker(peer(build))) for build in (beyond_limits, silent)
        ]
        workers = [honest_worker, echo_worker, *others]
        rows, disagreement = measure_set('near', sets['near'], workers, plan, Unmeasured())

    assert [(row.peer, row.answered, row.solved) for row in rows] == [
        ('honest', 1.0, 1.0),
        ('echo', 1.0, 0.0),
        ('beyond_limits', 1.0, 0.0),
        ('silent', 0.0, 0.0),
    ]
    assert all(row.n_calls == 2 * N and row.p50_us > 0.0 for row in rows)
    assert rows[1].position_median > 1e-3
    assert 0.0 < disagreement < 1e-12


@needs_pinocchio
def test_measure_set_leaves_out_who_dies_and_goes_on(sets, echo_worker):
    from benchmark.measure import Plan, Unmeasured, measure_set

    plan, unmeasured = Plan(rounds=2, budget=10.0, path_budget=1.0), Unmeasured()
    with Worker(peer(crashing)) as crash:
        for name in ('near', 'far'):
            rows, _ = measure_set(name, sets[name], (crash, echo_worker), plan, unmeasured)
            assert [row.peer for row in rows] == ['echo']

    reason = 'its process ended with exit code -11 (SIGSEGV)'
    assert [(row.where, row.reason) for row in unmeasured.rows] == [
        ('near', reason),
        ('far', reason),
    ]


@needs_pinocchio
def test_agreeing_leaves_out_who_is_missing_or_means_another_arm(sets):
    from benchmark.measure import Unmeasured, agreeing_workers

    unmeasured, builds = Unmeasured(), (missing, refusing, other_arm, raising)
    with ExitStack() as processes:
        workers = [processes.enter_context(Worker(peer(build))) for build in builds]
        agreed = agreeing_workers(workers, sets['near'][0], unmeasured)

        assert agreed == ()
        assert not any(worker.is_alive for worker in workers)
    reasons = {row.peer: row.reason for row in unmeasured.rows}
    assert list(reasons) == [build.__name__ for build in builds]
    assert reasons['missing'] == 'no such package'
    assert reasons['refusing'] == 'another family'
    assert 'does not agree' in reasons['other_arm']
    assert reasons['raising'] == 'its process ended with exit code 1'


@needs_pinocchio
def test_measure_paths_follows_from_answer_to_answer(arm, honest_worker, echo_worker):
    from benchmark.measure import Plan, Unmeasured, measure_paths

    path = ArmPath(arm=arm, q=np.linspace(np.full(6, 0.1), np.full(6, 0.2), N))
    plan, unmeasured = Plan(rounds=1, budget=1.0, path_budget=10.0), Unmeasured()
    rows = measure_paths({'short': path}, (honest_worker, echo_worker), plan, unmeasured)

    # The echo stays where the path begins, and is right there only.
    failures = [(row.peer, row.failures) for row in rows]
    assert failures == [('the path itself', 0), ('honest', 0), ('echo', N - 1)]
    assert unmeasured.rows == []


def test_worker_has_the_cores_and_threads_of_who_starts_it_and_no_other_library(sets, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        with Worker(peer(counting)) as worker:
            worker.prepare(sets['near'][0])
            q, times = worker.calls(3)
    finally:
        os.sched_setaffinity(0, before)

    assert q.shape == (3, 6)
    assert times.shape == (3,)
    assert (q[:, :5] == [1, 1, max(before), 7, 0]).all()
    assert (q[:, 5] == sets['near'][0].q_current[:3, 0]).all()


def test_worker_builds_its_peer_once_an_arm(sets):
    calibrated = sets['calibrated'][:2]
    with Worker(peer(counting)) as worker:
        builds = []
        for problems in (*sets['near'], *sets['far'], *calibrated):
            worker.prepare(problems)
            builds.append(worker.calls(1)[0][0, 0])

    assert builds == [1, 1, 2, 3]


def test_worker_follow_starts_where_the_answer_before_ended(sets):
    with Worker(peer(adding)) as worker:
        worker.prepare(sets['near'][0])
        q, times = worker.follow()

    first = sets['near'][0].q_current[0]
    assert np.allclose(q, first + np.arange(1, N + 1)[:, None])
    assert times.shape == (N,)


def test_worker_ends_with_its_context_although_it_is_busy(sets):
    worker = Worker(peer(endless))

    def interrupted():
        with worker:
            worker.prepare(sets['near'][0])
            worker._pipe.send(partial(_Peer.calls, n=1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not worker.is_alive
    with pytest.raises(PeerFailedError, match='SIGTERM'):
        worker.calls(1)


def test_expected_status_names_the_reason(arm):
    far_away = np.eye(4)
    far_away[:3, 3] = [5.0, 0.0, 0.0]

    assert expected_status(arm, far_away) is IkStatus.UNREACHABLE
