# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Two robots in one domain, each under its namespace and joint prefix: nobody hears the other."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from driver import AUTOSTART, DEACTIVATE, FAR, HOME, NEAR, PATIENT, Driver, status_of
from numpy.testing import assert_allclose
from peers import NodeProcess

from neural_ik_ros.kinematics import forward, invert, se3_log

EXACT = 1e-9  # [m], [rad] between a target and the tool at its solution
SIDES = {'left': NEAR, 'right': FAR}  # and where each is sent


@pytest.fixture
def processes(start_node) -> dict[str, NodeProcess]:
    return {
        side: start_node(
            'neural_ik_node',
            *(*AUTOSTART, *PATIENT, '-r', f'__ns:=/{side}', '-p', f'prefix:={side}_'),
        )
        for side in SIDES
    }


@pytest.fixture
def drivers(processes, peer) -> dict[str, Driver]:
    for process in processes.values():
        process.wait_for_output('ready for', 60.0)
    return {
        side: Driver(peer, namespace=f'/{side}', prefix=f'{side}_').connect() for side in SIDES
    }


def test_two_arms_are_served_at_the_same_time(drivers, peer):
    def send() -> None:
        for side, driver in drivers.items():
            driver.send_joints(HOME)
            driver.send_target(SIDES[side])

    left, right = drivers.values()
    assert left.repeat(send, lambda: left.solutions and right.solutions)
    for side, driver in drivers.items():
        driver.wait_for_rest()
        driver.assert_trajectories_are_sound()  # with its own joint names, and only those
        assert_allclose(driver.rows()[-1], SIDES[side], atol=1e-6)
        for solution in driver.solutions:
            assert list(solution.name) == driver.names
            assert solution.header.frame_id == f'{side}_base_link'
            tool = forward(driver.arm, np.array(solution.position))
            assert np.abs(se3_log(invert(tool) @ forward(driver.arm, SIDES[side]))).max() < EXACT
        assert {status.name for status in driver.statuses} == {f'/{side}/neural_ik'}


def test_what_happens_to_one_arm_is_no_matter_of_the_other(drivers, processes, peer):
    left, right = drivers.values()
    for driver in drivers.values():
        driver.solve_once(HOME)
        driver.clear()
    left.repeat_until_status(
        lambda: left.send_target(NEAR, frame='right_base_link'), 'UNKNOWN_FRAME'
    )
    assert left.repeat(
        lambda: left.send_joints(HOME, right.names),
        lambda: int(left.values().get('ignored joint states', 0)),
    )
    left.go(DEACTIVATE)
    assert right.solve_once(NEAR)
    left.clear()
    processes['left'].send(signal.SIGKILL)
    assert right.solve_once(FAR)
    right.assert_trajectories_are_sound()
    assert not left.trajectories
    assert not left.solutions
    assert {status_of(status) for status in right.statuses} <= {'SOLVED', 'IDLE'}
