# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every status is documented, with the sentence that the node says."""

from __future__ import annotations

import re

import pytest
from strategies import REPOSITORY

from neural_ik_ros.motion import StreamStatus
from neural_ik_ros.solver import IkStatus

STATUSES = (*IkStatus, *StreamStatus)
ROW = re.compile(r'^\| ([A-Z_]+) \| (.+) \|$', re.MULTILINE)


@pytest.fixture(scope='module')
def documented() -> list[tuple[str, str]]:
    """Return name and meaning of each row of the table."""
    text = (REPOSITORY / 'docs' / 'node.md').read_text(encoding='utf-8')
    return ROW.findall(text.partition('## Statuses')[2].partition('\n## ')[0])


def test_every_status_is_documented_once(documented):
    names = [name for name, _ in documented]
    assert sorted(names) == sorted(status.name for status in STATUSES)
    assert len(names) >= 18


@pytest.mark.parametrize('status', STATUSES, ids=lambda status: status.name)
def test_status_is_documented_with_its_sentence(documented, status):
    assert dict(documented)[status.name].startswith(status.value)


def test_only_solved_and_idle_are_ok():
    ok = {status.name for status in STATUSES if status.is_ok}
    assert ok == {'SOLVED', 'SOLVED_OTHER_POSTURE', 'IDLE'}


def test_names_and_sentences_are_all_different():
    assert len({status.name for status in STATUSES}) == len(STATUSES)
    assert len({status.value for status in STATUSES}) == len(STATUSES)


def test_only_solutions_carry_a_command():
    solved = {status for status in STATUSES if status.is_solved}
    assert solved == {IkStatus.SOLVED, IkStatus.SOLVED_OTHER_POSTURE}
