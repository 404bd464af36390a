# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Processors and priority of the node."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.runtime.scheduling import apply_realtime, cpus_from_text


@pytest.mark.parametrize(
    ('text', 'cpus'),
    [('', set()), ('  ', set()), ('0', {0}), ('2,3', {2, 3}), (' 1 , 10 ', {1, 10})],
)
def test_cpus_from_text_reads_a_list(text, cpus):
    assert cpus_from_text(text) == cpus


@pytest.mark.parametrize('text', ['all', '1-3', '1;2', '-1', ',', '1,', '99999999999999999999'])
def test_config_refuses_processors_that_are_none(text):
    with pytest.raises(ConfigError, match='cpu_affinity'):
        NodeConfig(cpu_affinity=text)


def test_apply_realtime_binds_to_processors():
    before = os.sched_getaffinity(0)
    one = {min(before)}
    try:
        apply_realtime(0, one)
        assert os.sched_getaffinity(0) == one
    finally:
        os.sched_setaffinity(0, before)


def test_apply_realtime_names_the_processors_that_exist():
    with pytest.raises(ConfigError, match='this process may use'):
        apply_realtime(0, {9999})


def test_apply_realtime_changes_nothing_by_default():
    before = os.sched_getaffinity(0), os.sched_getscheduler(0)
    apply_realtime(0, set())
    assert (os.sched_getaffinity(0), os.sched_getscheduler(0)) == before


@pytest.mark.parametrize('error', [PermissionError(1, 'Operation not permitted')])
def test_apply_realtime_says_what_gives_the_right(monkeypatch, error):
    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    with pytest.raises(ConfigError, match=r'realtime_priority 50: .* rtprio'):
        apply_realtime(50, set())


def test_apply_realtime_lets_the_thread_go_before_ordinary_ones_where_that_is_allowed():
    code = (
        'import os\n'
        'from neural_ik_ros.interface.runtime.scheduling import apply_realtime\n'
        'apply_realtime(7, set())\n'
        'print(os.sched_getscheduler(0) == os.SCHED_FIFO, os.sched_getparam(0).sched_priority)'
    )
    child = subprocess.run(
        [sys.executable, '-c', code], check=False, capture_output=True, text=True
    )
    if 'Operation not permitted' in child.stderr:
        pytest.skip('this user may not use SCHED_FIFO')
    assert child.stdout.split() == ['True', '7'], child.stderr
