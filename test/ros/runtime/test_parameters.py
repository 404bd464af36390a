# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import rclpy
from rclpy.context import Context
from rclpy.parameter import Parameter

from neural_ik_ros.errors import ConfigError, NeuralIkError
from neural_ik_ros.interface import parameter_schema
from neural_ik_ros.interface.parameter_schema import parameter
from neural_ik_ros.ros.runtime.parameters import declare_parameters, read_parameters


class OrderError(NeuralIkError):
    """Raised by the example below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """An example of each type."""

    rate_hz: float = parameter(250.0, 'Rate', unit='Hz', low=1.0, high=1000.0, is_live=True)
    margin: float = parameter(0.1, 'Margin', is_live=True)
    laps: int = parameter(2, 'Laps', low=1, is_live=True)
    centre: tuple[float, ...] = parameter(
        (1.0, 0.0, 0.9), 'Centre', unit='m', size=3, low=-5.0, high=5.0, is_live=True
    )
    names: tuple[str, ...] = parameter(('a', 'b'), 'Names', is_live=True)
    path: str = parameter('circle', 'Path', choices=('circle', 'line'), is_live=True)
    enabled: bool = parameter(True, 'Enabled', is_live=True)
    fixed: float = parameter(1.0, 'Fixed', low=0.0)
    derived: int = 7  # no parameter

    def __post_init__(self) -> None:
        """Check across fields."""
        if self.margin > self.rate_hz:
            raise OrderError('margin exceeds rate_hz. Lower it.')


@pytest.fixture
def make_node():
    context = Context()
    nodes = []

    def make(*overrides: Parameter) -> rclpy.node.Node:
        node = rclpy.create_node('subject', context=context, parameter_overrides=list(overrides))
        nodes.append(node)
        return node

    rclpy.init(context=context)
    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def set_one(node, name, value):
    return node.set_parameters([Parameter(name, value=value)])[0]


def test_declare_returns_the_defaults(make_node):
    assert declare_parameters(make_node(), Config) == Config()


@pytest.mark.parametrize(
    ('name', 'value', 'expected'),
    [
        ('rate_hz', 500.0, 500.0),
        ('rate_hz', 500, 500.0),
        ('laps', 3, 3),
        ('centre', [1, 2, 3], (1.0, 2.0, 3.0)),
        ('centre', [1.5, 2.0, 3.0], (1.5, 2.0, 3.0)),
        ('names', ['c'], ('c',)),
        ('path', 'line', 'line'),
        ('enabled', False, False),
    ],
)
def test_value_is_taken_at_the_start_and_later(make_node, name, value, expected):
    started = declare_parameters(make_node(Parameter(name, value=value)), Config)
    node = make_node()
    declare_parameters(node, Config)
    assert set_one(node, name, value).successful
    for config in (started, read_parameters(node, Config)):
        assert getattr(config, name) == expected
        assert type(getattr(config, name)) is type(expected)


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('rate_hz', 0.5, 'rate_hz'),
        ('rate_hz', 0, 'below 1.0 Hz'),
        ('rate_hz', 2000.0, 'rate_hz'),
        ('rate_hz', math.nan, 'nan'),
        ('rate_hz', 'fast', 'not of type float'),
        ('rate_hz', True, 'not of type float'),
        ('margin', math.inf, 'not a finite number'),
        ('laps', 0, 'laps'),
        ('laps', 1.5, 'INTEGER'),
        ('centre', [1.0, 2.0], '3 needed'),
        ('centre', [1.0, 2.0, 6.0], 'above 5.0 m'),
        ('centre', [1.0, 2.0, math.nan], 'not a finite number'),
        ('centre', 'here', 'tuple[float, ...]'),
        ('path', 'spiral', 'not one of circle, line'),
        ('enabled', 1, 'BOOL'),
        ('margin', 300.0, 'Lower it'),
    ],
)
def test_value_is_refused_with_the_reason_at_the_start_and_later(make_node, name, value, reason):
    with pytest.raises(NeuralIkError) as caught:
        declare_parameters(make_node(Parameter(name, value=value)), Config)
    assert reason in str(caught.value)
    node = make_node()
    declare_parameters(node, Config)
    result = set_one(node, name, value)
    assert not result.successful
    assert reason.lower() in result.reason.lower()
    assert read_parameters(node, Config) == Config()


def test_empty_list_is_refused_because_ros_takes_it_for_no_value(make_node):
    with pytest.raises(ConfigError, match='names: no value'):
        declare_parameters(make_node(Parameter('names', Parameter.Type.NOT_SET)), Config)


def test_parameters_are_read_only_unless_live(make_node):
    node = make_node()
    declare_parameters(node, Config)
    result = set_one(node, 'fixed', 2.0)
    assert not result.successful
    assert 'read-only' in result.reason


def test_on_change_gets_the_new_configuration_once_it_is_valid(make_node):
    node = make_node()
    seen: list[Config] = []
    declare_parameters(node, Config, on_change=seen.append)
    assert not set_one(node, 'laps', -1).successful
    assert seen == []
    changes = [Parameter('laps', value=5), Parameter('margin', value=2)]
    assert node.set_parameters_atomically(changes).successful
    assert seen == [Config(laps=5, margin=2.0)]


def test_one_bad_value_of_a_set_leaves_all_as_before(make_node):
    node = make_node()
    declare_parameters(node, Config)
    for bad in (Parameter('margin', value=math.inf), Parameter('rate_hz', value=2e3)):
        assert not node.set_parameters_atomically([Parameter('laps', value=5), bad]).successful
        assert read_parameters(node, Config) == Config()


def test_validate_is_called_last_and_its_reason_reaches_the_caller(make_node):
    node = make_node()
    asked: list[Config] = []

    def validate(config: Config) -> str:
        asked.append(config)
        return 'the arm moves' if config.laps > 3 else ''

    declare_parameters(node, Config, validate=validate)
    assert asked == []
    assert not set_one(node, 'laps', -1).successful
    assert asked == [], 'not about a value that is bad anyway'
    assert set_one(node, 'laps', 3).successful
    assert set_one(node, 'laps', 4).reason == 'the arm moves'
    assert read_parameters(node, Config) == Config(laps=3)


@pytest.mark.parametrize('value', [5.0, 'text', [1.0, 2.0]])
def test_former_name_is_refused_with_the_present_one(make_node, monkeypatch, value):
    monkeypatch.setattr(parameter_schema, 'RENAMED', {'speed_hz': 'rate_hz', 'other': 'absent'})
    declare_parameters(make_node(Parameter('other', value=value)), Config)  # of another node
    node = make_node()
    assert declare_parameters(node, Config) == Config()
    assert not node.has_parameter('speed_hz')
    with pytest.raises(ConfigError, match='speed_hz: was renamed to rate_hz; correct'):
        declare_parameters(make_node(Parameter('speed_hz', value=value)), Config)


def test_descriptor_reports_description_unit_and_range(make_node):
    node = make_node()
    declare_parameters(node, Config)
    rate = node.describe_parameter('rate_hz')
    assert rate.description == 'Rate [Hz]'
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (
        1.0,
        1000.0,
    )
    assert node.describe_parameter('laps').integer_range[0].from_value == 1
    assert 'circle, line' in node.describe_parameter('path').additional_constraints
    assert not node.has_parameter('derived')
