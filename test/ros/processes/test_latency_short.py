# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The short form of ``make latency``: every pose is accounted for, and a lost one is noticed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / 'soak'))

from comparison import Candidate, Comparison
from latency import AUTOSTART, RELAY, remarks, table

from neural_ik_ros.ros.nodes.recorder import running_recorder

RATE_HZ, TURN_S = 100.0, 1.5
N_SENT = 0.8 * RATE_HZ * (TURN_S - 0.1)  # at least: beginning and end of a turn are not counted
FORGETFUL = """
from neural_ik_ros.ros.node.node import NeuralIkNode

class Node(probed(NeuralIkNode)):
    def create_subscription(self, kind, topic, callback, *arguments, **options):
        turns = iter(range(10**9))
        some = lambda content: next(turns) % 20 and callback(content)
        used = some if topic == '~/target_pose' else callback
        return super().create_subscription(kind, topic, used, *arguments, **options)
"""


@pytest.fixture
def comparison(tmp_path):
    with running_recorder() as recorder:
        yield Comparison(tmp_path, recorder, RATE_HZ, TURN_S)


def test_every_pose_is_accounted_for_and_a_forgotten_one_is_lost(comparison):
    node = Candidate(name='neural_ik_node', arguments=AUTOSTART)
    forgetful = Candidate(name='forgetful_node', node=FORGETFUL, arguments=AUTOSTART)
    results = comparison.run({'relay': RELAY, 'node': node, 'forgetful': forgetful}, 1)
    ledgers = {name: one.ledger for name, one in results.items()}

    assert min(one.n_sent for one in ledgers.values()) >= N_SENT
    for name in ('relay', 'node'):
        assert ledgers[name].n_lost == ledgers[name].n_refused == 0, ledgers[name]
        assert ledgers[name].unanswered_percent < 50.0
    assert 0.5 < ledgers['forgetful'].n_lost / (ledgers['forgetful'].n_sent / 20) < 1.5
    lines = remarks(RATE_HZ, results)
    assert len(lines) == 1
    assert 'forgetful: lost' in lines[0]
    rows = table(RATE_HZ, results['relay'].latency_ms[0], results)
    assert len(rows) == 1 + len(results)
    assert len({row.count('|') for row in rows}) == 1
