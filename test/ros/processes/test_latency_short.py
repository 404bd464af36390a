# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The short form of ``make latency``: every pose is accounted for, and a lost one is noticed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / 'soak'))

from contest import Contest, Contestant
from latency import AUTOSTART, RELAY, recording, remarks, table

RATE_HZ, TURN_S = 100.0, 1.5
N_SENT = 0.8 * RATE_HZ * (TURN_S - 0.1)  # at least: beginning and end of a turn are not counted
FORGETFUL = """
from neural_ik_ros.ros.node import NeuralIkNode
take, turns = NeuralIkNode._on_target, iter(range(10**9))
NeuralIkNode._on_target = lambda node, content: next(turns) % 20 and take(node, content)
"""


@pytest.fixture
def contest(tmp_path):
    with recording() as recorder:
        yield Contest(tmp_path, recorder, RATE_HZ, TURN_S)


def test_every_pose_is_accounted_for_and_a_forgotten_one_is_lost(contest):
    node = Contestant(executable='neural_ik_node', arguments=AUTOSTART)
    forgetful = Contestant(executable='neural_ik_node', arguments=AUTOSTART, prelude=FORGETFUL)
    figures = contest.run({'relay': RELAY, 'node': node, 'forgetful': forgetful}, 1)
    accounts = {name: one.account for name, one in figures.items()}

    assert min(one.n_sent for one in accounts.values()) >= N_SENT
    for name in ('relay', 'node'):
        assert accounts[name].n_lost == accounts[name].n_refused == 0, accounts[name]
        assert accounts[name].unanswered_percent < 50.0
    assert 0.5 < accounts['forgetful'].n_lost / (accounts['forgetful'].n_sent / 20) < 1.5
    told = remarks(RATE_HZ, figures)
    assert len(told) == 1
    assert 'forgetful: lost' in told[0]
    rows = table(RATE_HZ, figures['relay'].latency_ms[0], figures)
    assert len(rows) == 1 + len(figures)
    assert len({row.count('|') for row in rows}) == 1
