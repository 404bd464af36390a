# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Short forms of ``make soak``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from driver import shipped_arm

for folder in ('soak', 'plain'):
    sys.path.append(str(Path(__file__).resolve().parents[2] / folder))

import cell  # noqa: E402
from in_process import check_limits, fuzz, make_node  # noqa: E402

RUN_S, RATE_HZ = 12.0, 500.0


def test_make_soak_starts_by_itself_and_names_its_parts():
    soak = Path(cell.__file__).with_name('run.py')
    command = [sys.executable, soak, 'sok']
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr == 'unknown: sok; choose from fuzz, limits, flood, kills, run\n'


def test_node_survives_fuzz_messages_without_a_bad_command():
    node, check = make_node()
    assert fuzz(node, check, 4000) == []
    assert check.n_commands > 300
    assert len(node.statistics.counts) >= 6


def test_commands_keep_every_limit_whatever_the_targets():
    assert check_limits(shipped_arm(), 6000) == []


def test_node_survives_fuzz_messages_over_dds(tmp_path, peer):
    assert cell.flood(tmp_path, peer, 2000) == []


def test_each_process_is_killed_in_motion_and_started_again_without_a_jump(tmp_path, peer):
    assert cell.kills(tmp_path, peer, rounds=1) == []


def test_node_answers_a_stream_without_growing(tmp_path, peer):
    run = cell.soak(tmp_path, peer, RUN_S, RATE_HZ)
    assert run.problems == []
    assert cell.growth(run) == []
