# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameter files are read as the node reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from strategies import REPOSITORY

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.interface import params_file
from neural_ik_ros.interface.node_config import NodeConfig
from neural_ik_ros.interface.parameter_schema import old_names
from neural_ik_ros.interface.params_file import config_from_file


def config(tmp_path: Path, text: str, node: str = '/neural_ik') -> NodeConfig:
    file = tmp_path / 'params.yaml'
    file.write_text(text)
    return config_from_file(file, node)


def test_no_file_means_the_defaults():
    assert config_from_file(None) == NodeConfig()


def test_the_file_in_config_says_the_defaults():
    assert config_from_file(REPOSITORY / 'config/neural_ik.yaml') == NodeConfig()


@pytest.mark.parametrize(
    ('keys', 'node', 'is_for_node'),
    [
        ('/**', '/neural_ik', True),
        ('/**', '/left/neural_ik', True),
        ('/*', '/neural_ik', True),
        ('/*', '/left/neural_ik', False),
        ('neural_ik', '/neural_ik', True),
        ('/neural_ik', '/left/neural_ik', False),
        ('/left/neural_ik', '/left/neural_ik', True),
        ('/**/neural_ik', '/left/neural_ik', True),
        ('/**/neural_ik', '/neural_ik', True),
        ('/other', '/neural_ik', False),
    ],
)
def test_sections_are_chosen_by_the_name_of_the_node(tmp_path, keys, node, is_for_node):
    text = f'{keys}:\n  ros__parameters:\n    rate_hz: 125\n'
    if is_for_node:
        assert config(tmp_path, text, node).rate_hz == 125.0
    else:
        with pytest.raises(ConfigError, match='no section'):
            config(tmp_path, text, node)


def test_later_sections_win(tmp_path):
    text = (
        '/neural_ik:\n  ros__parameters: {rate_hz: 125.0, recovery_s: 1.0}\n'
        '/**:\n  ros__parameters: {rate_hz: 100.0}\n'
    )
    found = config(tmp_path, text)
    assert (found.rate_hz, found.recovery_s) == (100.0, 1.0)


def test_unknown_parameters_are_skipped_with_a_warning(tmp_path, records_of):
    text = (
        '/**:\n  ros__parameters:\n    use_sim_time: true\n    rate_hzz: 5\n'
        '    qos_overrides: {/neural_ik/target_pose: {subscription: {depth: 2}}}\n'
    )
    warnings = records_of(params_file.__name__)
    assert config(tmp_path, text) == NodeConfig()
    assert len(warnings) == 1
    assert 'rate_hzz is not a parameter' in warnings[0].getMessage()


@pytest.mark.parametrize(('old', 'new'), old_names(NodeConfig).items())
def test_former_names_are_refused_with_the_present_ones(tmp_path, old, new):
    with pytest.raises(
        ConfigError, match=f'{old}: was renamed to {new}; correct it .* -p {new}:='
    ):
        config(tmp_path, f'/**:\n  ros__parameters:\n    {old}: 0.5\n')


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a: [', 'is not YAML'),
        ('', 'no section'),
        ('- 1', 'no section'),
        ('neural_ik: {rate_hz: 5}', 'no section'),
    ],
)
def test_files_that_are_no_parameter_files_are_refused(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        config(tmp_path, text)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='cannot be read'):
        config_from_file(tmp_path / 'none.yaml')


@pytest.mark.parametrize('value', ['-1.0', 'fast', '[1.0]', 'true'])
def test_values_out_of_range_or_type_are_refused(tmp_path, value):
    with pytest.raises(ConfigError, match='rate_hz'):
        config(tmp_path, f'/**:\n  ros__parameters:\n    rate_hz: {value}\n')


MISTYPED = {
    'max_joint_step': 'max_joint_step_rad',
    'max_acceleratoin': 'max_acceleration',
    'rate': 'rate_hz',
    'Bundle': 'bundle',
    'coupled_limit': 'coupled_limit_enabled',
}


@pytest.mark.parametrize(('name', 'meant'), MISTYPED.items())
@pytest.mark.parametrize('keys', ['neural_ik', '/neural_ik', '/**/neural_ik', '/*/neural_ik'])
def test_unknown_name_in_a_section_of_the_node_is_refused_with_the_nearest(
    tmp_path, keys, name, meant
):
    node = '/left/neural_ik' if '*' in keys else '/neural_ik'
    with pytest.raises(ConfigError, match=f'{name}: unknown to {node}; is {meant} in place of'):
        config(tmp_path, f'{keys}:\n  ros__parameters:\n    {name}: 1.0\n', node)


def test_all_unknown_names_are_told_at_once(tmp_path):
    text = '/neural_ik:\n  ros__parameters: {rate: 1.0, xyzzy: 2, a: {b: 3}}\n'
    with pytest.raises(ConfigError, match=r'parameters a.b, rate, xyzzy: unknown') as raised:
        config(tmp_path, text)
    assert 'is rate_hz in place of rate meant?' in str(raised.value)


def test_names_of_every_node_are_no_mistakes(tmp_path):
    text = (
        '/neural_ik:\n  ros__parameters:\n    use_sim_time: true\n'
        '    start_type_description_service: true\n'
        '    qos_overrides: {/neural_ik/target_pose: {subscription: {depth: 2}}}\n'
    )
    assert config(tmp_path, text) == NodeConfig()


FILE = """
/**: {ros__parameters: {for_any: 1}}
/*: {ros__parameters: {for_any_here: 1}}
/left/neural_ik: {ros__parameters: {ours: 1, nested: {too: 2}}}
/**/neural_ik: {ros__parameters: {ours_everywhere: 1}}
/left/other: {ros__parameters: {of_another: 1}}
/left/**: {ros__parameters: {for_any_of_left: 1}}
"""
IN_FILE = {'ours', 'nested.too', 'ours_everywhere'}


@pytest.mark.parametrize(
    ('arguments', 'names'),
    [
        ([], set()),
        (['--ros-args', '-p', 'a:=1', '--param', 'b.c:=2'], {'a', 'b.c'}),
        (['--ros-args', '-p', 'neural_ik:a:=1'], {'a'}),
        (['--ros-args', '-p', 'other:a:=1'], set()),
        (['--ros-args', '-p', '/left/neural_ik:a:=1'], {'a'}),
        (['--ros-args', '-p', '/**:a:=1'], set()),
        (['--ros-args', '-p', 'text:=a:b'], {'text'}),
        (['-p', 'a:=1'], set()),
        (['--ros-args', '--', '-p', 'a:=1'], set()),
        (['--ros-args', '--params-file', 'FILE', '-r', '__ns:=/left'], IN_FILE),
        (['--ros-args', '--params-file', '/nowhere.yaml'], set()),
    ],
)
def test_names_in_arguments_are_those_given_to_the_node_by_its_name(tmp_path, arguments, names):
    file = tmp_path / 'file.yaml'
    file.write_text(FILE)
    arguments = [str(file) if one == 'FILE' else one for one in arguments]
    assert params_file.names_in_arguments(arguments, '/left/neural_ik') == names


@pytest.mark.parametrize(
    ('name', 'text', 'is_own'),
    [
        ('launch_params_x1', '/**:\n  ros__parameters:\n    rate: 1.0\n    use_tf: true\n', True),
        ('launch_params_x1', '/**:\n  ros__parameters: {rate: 1.0}  # of all\n', False),
        ('launch_params_x1', '/**:\n  ros__parameters:\n    rate: 1.0\nother:\n  a: 1\n', False),
        ('params.yaml', '/**:\n  ros__parameters:\n    rate: 1.0\n    use_tf: true\n', False),
    ],
    ids=['made by launch', 'of a person, substituted', 'rewritten', 'of a person'],
)
def test_dictionary_of_a_launch_file_is_for_its_node(tmp_path, name, text, is_own):
    """As launch_ros writes it for Node(name='neural_ik', parameters=[{...}])."""
    file = tmp_path / name
    file.write_text(text)
    assert ('rate' in params_file.own_names(file, '/neural_ik')) == is_own
