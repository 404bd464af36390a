# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from neural_ik_ros import __version__, provenance
from neural_ik_ros.provenance import hardware, versions


def test_versions_leaves_out_what_is_not_installed():
    found = versions(['numpy', 'no-such-library'])

    assert set(found) == {'neural_ik_ros', 'python', 'numpy'}
    assert (found['neural_ik_ros'], found['numpy']) == (__version__, np.__version__)


def test_hardware_names_the_processor_as_linux_does(monkeypatch, tmp_path):
    (tmp_path / 'cpuinfo').write_text('processor : 0\nmodel name\t: Abacus 9000\n')
    monkeypatch.setattr(provenance, 'CPU_INFO', tmp_path / 'cpuinfo')

    assert hardware()['processor'] == 'Abacus 9000'


def test_hardware_does_without_linux(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, 'CPU_INFO', tmp_path / 'nothing')

    assert isinstance(hardware()['processor'], str)
