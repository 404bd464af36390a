# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels compile wherever the package is installed."""

from __future__ import annotations

import numba
import pytest

from neural_ik_ros.kinematics import compiled as module
from neural_ik_ros.kinematics.compiled import compiled


def twice(value: float) -> float:
    return 2.0 * value


@pytest.fixture
def nowhere_to_write(monkeypatch):
    """Numba for a user without a home folder, in a package that another user owns."""
    caching = pytest.importorskip('numba.core.caching')
    monkeypatch.setattr(caching.CompileResultCacheImpl, '_locator_classes', [])
    module._warn_of_slow_starts.cache_clear()
    yield
    module._warn_of_slow_starts.cache_clear()


def test_compiled_does_without_a_cache_when_nothing_can_be_written(nowhere_to_write, records_of):
    records = records_of(module.__name__)
    kernels = [compiled(twice), compiled(twice)]
    assert [kernel(1.5) for kernel in kernels] == [3.0, 3.0]
    assert len(records) == 1
    assert 'set NUMBA_CACHE_DIR' in records[0].getMessage()


@pytest.mark.parametrize('share', [0.0, 0.5, 0.99])
@pytest.mark.parametrize('suffix', ['.nbi', '.nbc'])
def test_compiled_rebuilds_a_cache_that_a_power_loss_has_cut(
    monkeypatch, tmp_path, records_of, suffix, share
):
    monkeypatch.setattr(numba.config, 'CACHE_DIR', str(tmp_path))
    assert compiled(twice)(1.5) == 3.0
    files = list(tmp_path.rglob(f'*{suffix}'))
    assert files
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
    records = records_of(module.__name__)
    assert compiled(twice)(1.5) == 3.0
    assert 'is damaged' in records[0].getMessage()
    assert str(tmp_path) in records[0].getMessage()
    kernel = compiled(twice)
    assert kernel(1.5) == 3.0
    assert sum(kernel.stats.cache_hits.values()) == 1, 'the new cache is used'
    assert len(records) == 1
