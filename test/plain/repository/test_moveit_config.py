# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration of MoveIt names what is there: joints, links, limits, pairs."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import yaml

from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.urdf_file import shipped_urdf

MOVEIT = Path(__file__).parents[3] / 'config' / 'moveit'
SRDF = ET.parse(MOVEIT / 'irb2400.srdf').getroot()
N_SAMPLES = 2000


@pytest.fixture(scope='module')
def parameters():
    return yaml.safe_load((MOVEIT / 'move_group.yaml').read_text())['/**']['ros__parameters']


def pairs(*reasons: str) -> set[frozenset[str]]:
    return {
        frozenset((one.get('link1'), one.get('link2')))
        for one in SRDF.iter('disable_collisions')
        if one.get('reason') in reasons
    }


def test_group_is_the_one_that_the_node_serves():
    group = SRDF.find('group')
    assert group.get('name') == NodeConfig().ik_group
    chain = group.find('chain')
    assert (chain.get('base_link'), chain.get('tip_link')) == ('base_link', 'tool0')


@pytest.mark.parametrize('name', ['kinematics.yaml', 'kinematics_kdl.yaml'])
def test_solvers_are_those_of_the_group(name):
    assert list(yaml.safe_load((MOVEIT / name).read_text())) == [NodeConfig().ik_group]


def test_service_plugin_calls_the_service_of_the_node():
    solver = yaml.safe_load((MOVEIT / 'kinematics.yaml').read_text())[NodeConfig().ik_group]
    assert solver['kinematics_solver_service_name'] == NodeConfig().ik_service


def test_joints_and_accelerations_are_those_of_arm_and_node(arm, parameters):
    limits = parameters['robot_description_planning']['joint_limits']
    assert tuple(limits) == arm.joint_names
    accelerations = [limit['max_acceleration'] for limit in limits.values()]
    assert accelerations == list(NodeConfig().max_acceleration)
    controller = parameters['moveit_simple_controller_manager']['joint_trajectory_controller']
    assert tuple(controller['joints']) == arm.joint_names
    home = SRDF.find('group_state')
    q = {joint.get('name'): float(joint.get('value')) for joint in home}
    assert tuple(q) == arm.joint_names
    assert np.all(np.array(list(q.values())) >= arm.lower)
    assert np.all(np.array(list(q.values())) <= arm.upper)


def test_links_are_those_of_the_description():
    links = {link.get('name') for link in ET.parse(shipped_urdf()).getroot().iter('link')}
    assert set().union(*pairs('Adjacent', 'Never', 'User')) <= links


def test_pairs_that_are_not_checked_never_meet(arm):
    """Judged by pinocchio, with random joints; neighbours touch, the others do not."""
    pinocchio = pytest.importorskip('pinocchio')
    model = pinocchio.buildModelFromUrdf(str(shipped_urdf()))
    geometry = pinocchio.buildGeomFromUrdf(
        model, str(shipped_urdf()), pinocchio.GeometryType.COLLISION
    )
    geometry.addAllCollisionPairs()
    data, geometry_data = model.createData(), geometry.createData()
    links = [one.name.rsplit('_', 1)[0] for one in geometry.geometryObjects]
    assert len(geometry.collisionPairs) == len(list(combinations(links, 2)))
    names = [frozenset((links[p.first], links[p.second])) for p in geometry.collisionPairs]
    met, rng = set(), np.random.default_rng(0)
    for q in rng.uniform(arm.lower, arm.upper, (N_SAMPLES, 6)):
        pinocchio.computeCollisions(model, data, geometry, geometry_data, q, False)
        results = zip(names, geometry_data.collisionResults, strict=True)
        met |= {name for name, result in results if result.isCollision()}
    assert not met & pairs('Never')
    assert met - pairs('Adjacent', 'User'), 'and some are checked for good reason'
