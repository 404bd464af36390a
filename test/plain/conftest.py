# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the plain ring, which has neither TensorFlow nor ROS; hypothesis is repeatable."""

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
    Return a function that collects the records of one logger from now on.

    Not caplog, whose handler is on the root logger: ROS launch, which its pytest plugin imports,
    keeps loggers created later from propagating to the root.
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
    """Return a solver that keeps the posture of the current joints, as the node does."""
    return IkSolver(arm, CurrentJoints())


@pytest.fixture(scope='session')
def free_solver(arm: Arm) -> IkSolver:
    """Return a solver that may change the posture."""
    return IkSolver(arm, CurrentJoints(), SolverOptions(allow_other_posture=True))


@pytest.fixture(scope='session')
def limits(arm: Arm) -> MotionLimits:
    return motion_limits(arm)


@pytest.fixture
def make_bench(arm: Arm) -> Callable[..., Bench]:
    return partial(made_bench, arm)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """Return one that has a joint state, as shortly after activation."""
    ready = make_bench()
    ready.joints()
    return ready
