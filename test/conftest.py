# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shared by the rings: one example, run as a user runs it."""

from __future__ import annotations

from functools import partial

import example_runs
import pytest


@pytest.fixture
def run_example(tmp_path):
    """Run an example by its name, see ``example_runs.run_example``."""
    pytest.importorskip('matplotlib')
    return partial(example_runs.run_example, tmp_path)
