# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from described import PACKAGE, REPOSITORY, LaunchContext


@pytest.fixture
def context(tmp_path, monkeypatch) -> LaunchContext:
    """Return a launch context whose ament index has this package and no other."""
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / PACKAGE).touch()
    (tmp_path / 'share' / PACKAGE).symlink_to(REPOSITORY, target_is_directory=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    return LaunchContext()
