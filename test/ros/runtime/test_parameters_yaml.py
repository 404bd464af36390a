# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One truth per number: the files in config/ and the documentation repeat the dataclasses."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.parameter_schema import METADATA_KEY, RENAMED
from neural_ik_ros.ros.nodes.bag_player import BagPlayerConfig
from neural_ik_ros.ros.nodes.path_markers import PathMarkersConfig
from neural_ik_ros.ros.nodes.simulated_arm import SimulatedArmConfig
from neural_ik_ros.ros.nodes.target_source import TargetSourceConfig
from neural_ik_ros.share import share_folder

REPOSITORY = Path(__file__).resolve().parents[3]
CONFIGS = {
    'neural_ik': NodeConfig,
    'path_markers': PathMarkersConfig,
    'simulated_arm': SimulatedArmConfig,
    'target_source': TargetSourceConfig,
}
UNITS = {'_hz': 'Hz', '_s': 's', '_m': 'm', '_m_s': 'm/s', '_rad': 'rad'}


@pytest.fixture(params=CONFIGS)
def node_name(request) -> str:
    return request.param


@pytest.fixture
def text(node_name) -> str:
    return (share_folder() / 'config' / f'{node_name}.yaml').read_text(encoding='utf-8')


def test_yaml_has_the_defaults_of_the_dataclass(node_name, text):
    in_yaml = yaml.safe_load(text)['/**'][node_name]['ros__parameters']
    defaults = dataclasses.asdict(CONFIGS[node_name]())
    expected = {k: list(v) if isinstance(v, tuple) else v for k, v in defaults.items()}
    assert in_yaml == expected
    assert list(in_yaml) == list(expected), 'in the same order'
    for name, value in expected.items():
        assert type(in_yaml[name]) is type(value), f'{name}: ROS parameters are strictly typed'


def test_every_parameter_has_a_description_and_the_unit_of_its_name(node_name):
    fields = dataclasses.fields(CONFIGS[node_name])
    assert len(fields) >= 5
    for field in fields:
        info = field.metadata[METADATA_KEY]
        assert len(info.description) > 10, field.name
        assert not info.description.endswith('.'), field.name
        suffix = re.search(r'(_m_s|_hz|_rad|_m|_s)?$', field.name).group()
        if suffix:
            assert info.unit == UNITS[suffix], field.name


def test_every_number_has_a_range_that_its_default_is_in(node_name):
    numbers = 0
    for field in dataclasses.fields(CONFIGS[node_name]):
        info = field.metadata[METADATA_KEY]
        values = field.default if isinstance(field.default, tuple) else (field.default,)
        if isinstance(values[0], bool | str):
            continue
        numbers += 1
        if isinstance(field.default, tuple):
            assert info.size == len(values), field.name
        else:
            assert info.low is not None, field.name
            assert info.high is not None, field.name
        low = float('-inf') if info.low is None else info.low
        high = float('inf') if info.high is None else info.high
        assert all(low <= value <= high for value in values), field.name
    assert numbers >= 2


def test_every_renamed_parameter_has_a_present_name_only():
    configs = (*CONFIGS.values(), BagPlayerConfig)
    present = {field.name for one in configs for field in dataclasses.fields(one)}
    assert len(RENAMED) >= 4
    assert set(RENAMED.values()) <= present
    assert not set(RENAMED) & present


def test_documentation_names_only_parameters_that_exist():
    """In the table of statuses, which sends people to the parameters."""
    text = (REPOSITORY / 'docs' / 'node.md').read_text(encoding='utf-8')
    table = text.partition('## Statuses')[2].partition('\n## ')[0]
    named = set(re.findall(r'`([a-z_]+)`', table))
    assert len(named) >= 4
    assert named <= {field.name for field in dataclasses.fields(NodeConfig)}
