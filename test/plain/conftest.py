# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plain ring: neither TensorFlow nor ROS. Fixtures, and hypothesis made repeatable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import settings
from strategies import URDF_FILE, shipped_arm
from tracker_bench import Bench, made_bench, motion_limits

from neural_ik_ros.kinematics import Arm
from neural_ik_ros.motion import MotionLimits
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

# Derandomised: a red test is red on every machine. No deadline: the first call compiles.
settings.register_profile('plain', derandomize=True, deadline=None, max_examples=40)
settings.load_profile('plain')


@pytest.fixture
def records_of(monkeypatch) -> Callable[[str], list[logging.LogRecord]]:
    """
    Listen to a logger itself; return what it is told from now on.

    Not caplog, which listens to the root: once ROS launch was imported, as its plugin of pytest
    does, loggers that are new no longer pass anything on to the root.
    """

    def listen(name: str) -> list[logging.LogRecord]:
        records: list[logging.LogRecord] = []
        handler = logging.Handler()
        handler.emit = records.append
        monkeypatch.setattr(logging.getLogger(name), 'handlers', [handler])
        return records

    return listen


@pytest.fixture(scope='session')
def urdf_text() -> str:
    return URDF_FILE.read_text()


@pytest.fixture(scope='session')
def arm() -> Arm:
    return shipped_arm()


@pytest.fixture(scope='session')
def solver(arm: Arm) -> IkSolver:
    """Stays in the posture of the current joints, as the node does by default."""
    return IkSolver(arm, CurrentJoints())


@pytest.fixture(scope='session')
def free_solver(arm: Arm) -> IkSolver:
    """May change the posture."""
    return IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))


@pytest.fixture(scope='session')
def limits(arm: Arm) -> MotionLimits:
    return motion_limits(arm)


@pytest.fixture
def make_bench(arm: Arm) -> Callable[..., Bench]:
    return partial(made_bench, arm)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """With a joint state, as a moment after activation."""
    ready = make_bench()
    ready.joints()
    return ready
