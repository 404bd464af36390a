# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters that a user gives to a node by its name and that do not exist."""

from __future__ import annotations

import pytest
from driver import AUTOSTART, CONFIGURE, INACTIVE, UNCONFIGURED, Driver

OWN = '/**:\n  neural_ik:\n    ros__parameters:\n      max_joint_step: 0.5\n'
FOR_ANY = '/**:\n  ros__parameters:\n    max_joint_step: 0.5\n    update_rate: 250\n'
OF_OTHERS = '/controller_manager:\n  ros__parameters:\n    update_rate: 250\n'
LINE = (
    'not configured: parameter max_joint_step: unknown to /neural_ik; '
    'is max_joint_step_rad in place of max_joint_step meant?'
)


@pytest.fixture
def file_with(tmp_path):
    def write(text: str) -> tuple[str, str]:
        path = tmp_path / 'params.yaml'
        path.write_text(text)
        return '--params-file', str(path)

    return write


@pytest.mark.parametrize('arguments', [AUTOSTART, ()])
def test_node_refuses_to_configure_with_a_mistyped_name(start_node, peer, arguments):
    process = start_node('neural_ik_node', '-p', 'max_joint_step:=0.5', *arguments)
    driver = Driver(peer)
    assert driver.state() == UNCONFIGURED
    if not arguments:
        assert not driver.change_state(CONFIGURE)
    process.wait_for_output(LINE)
    assert driver.state() == UNCONFIGURED
    assert process.stop() == 0


def test_node_refuses_a_mistyped_name_in_its_section_of_a_file(start_node, peer, file_with):
    process = start_node('neural_ik_node', *file_with(OWN))
    assert not Driver(peer).change_state(CONFIGURE)
    process.wait_for_output(LINE)


def test_names_for_any_node_and_for_others_are_none_of_its_business(start_node, peer, file_with):
    start_node(
        'neural_ik_node',
        *file_with(FOR_ANY + OF_OTHERS),
        *('-p', 'use_sim_time:=false', '-p', 'start_type_description_service:=false'),
        *('-p', 'qos_overrides./neural_ik/target_pose.subscription.depth:=2'),
    )
    driver = Driver(peer)
    driver.go(CONFIGURE)
    assert driver.state() == INACTIVE


@pytest.mark.parametrize(
    ('executable', 'node', 'name', 'meant'),
    [
        ('target_source', 'target_source', 'speed', 'speed_m_s'),
        ('simulated_arm', 'simulated_arm', 'rate', 'rate_hz'),
        ('path_markers', 'path_markers', 'max_pose', 'max_poses'),
        ('bag_player', 'bag_player', 'lockstep', 'lock_step'),
    ],
)
def test_other_nodes_end_with_one_line(start_node, executable, node, name, meant):
    process = start_node(executable, '-p', f'{name}:=1')
    assert process.wait() == 1
    assert f'{name}: unknown to /{node}; is {meant} in place of {name} meant?' in process.output
    assert 'Traceback' not in process.output
