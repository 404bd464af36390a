# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.learning.bundle.storage import load_bundle, shipped_bundles
from neural_ik_ros.learning.training.config import LearningConfig, shipped_config
from neural_ik_ros.settings import MAX_CONFIG_BYTES


def test_from_mapping_gives_the_same_configuration_as_to_mapping(tiny):
    assert LearningConfig.from_mapping(tiny.to_mapping()) == tiny


def test_from_file_reads_the_shipped_configuration():
    config = LearningConfig.from_file(shipped_config())

    assert config.name == 'irb2400'
    assert config.network.architecture == 'iterative'


@pytest.mark.parametrize('name', sorted(shipped_bundles()))
def test_shipped_bundles_were_made_by_the_shipped_configurations(name):
    card = load_bundle(shipped_bundles()[name]).card

    config = LearningConfig.from_file(shipped_config().with_name(f'{name}.yaml'))
    assert LearningConfig.from_mapping(card.configuration) == config


@pytest.mark.parametrize(
    ('mapping', 'named'),
    [
        ({'speed': 1}, 'speed'),
        ({'data': {'sets': {'sideways': 1.0}}}, 'data.sets'),
        ({'data': {'sets': {'near': 0.0}}}, 'data.sets'),
        ({'data': {'n_train': 0}}, 'data.n_train'),
        ({'data': {'n_train': 1.5}}, 'data.n_train'),
        ({'data': {'n_train': True}}, 'data.n_train'),
        ({'data': 7}, 'data'),
        ({'network': {'depth': 3}}, 'depth'),
        ({'network': {'dropout': 1.0}}, 'network.dropout'),
        ({'network': {'widths': []}}, r'network\.widths: is empty'),
        (
            {'network': {'widths': [8, 10**9]}},
            r'network\.widths: 1000000000 is outside 1 \.\. 4096',
        ),
        ({'network': {'lstm_units': 0}}, r'network\.lstm_units: 0 is outside 1 \.\. 4096'),
        ({'network': {'output': 'relative'}}, 'network.output'),
        ({'network': {'architecture': 'transformer'}}, 'network.architecture'),
        (
            {'network': {'sequence_length': 33}},
            r'network\.sequence_length: 33 is outside 1 \.\. 32',
        ),
        ({'network': {'architecture': 'iterative', 'newton_steps': -1}}, 'newton_steps'),
        ({'network': {'newton_steps': 2}}, 'newton_steps: is not used by described'),
        ({'network': {'architecture': 'iterative', 'dropout': 0.2}}, 'not used by iterative'),
        ({'network': {'architecture': 'mlp', 'lstm_units': 64}}, 'not used by mlp'),
        ({'training': {'gradient_norm': -1.0}}, 'training.gradient_norm'),
        ({'training': {'learning_rate': '1e-4'}}, '1.0e-6'),
        ({'training': {'learning_rate': float('nan')}}, 'training.learning_rate'),
        ({'training': {'schedule': 'step'}}, 'training.schedule'),
        ({'training': {'mse_weight': 0.0, 'periodic_weight': 0.0}}, 'nor both be zero'),
    ],
)
def test_from_mapping_names_what_is_wrong(mapping, named):
    with pytest.raises(ConfigError, match=named) as caught:
        LearningConfig.from_mapping(mapping)
    assert caught.value.remedy
    assert str(caught.value).endswith(f'; {caught.value.remedy}.')


@pytest.mark.parametrize(
    'content',
    [
        b'- 1\n- 2\n',
        b'a: [\n',
        b'\xff\xfe\x00',
        b'[' * 5000,
        b'a: !!python/object/apply:os.getcwd []\n',
        b'#' * (MAX_CONFIG_BYTES + 1),
        b'',
    ],
)
def test_from_file_refuses_what_is_not_a_small_yaml_mapping(tmp_path, content):
    path = tmp_path / 'config.yaml'
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r'config\.yaml'):
        LearningConfig.from_file(path)


def test_from_file_names_a_file_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match=r'none\.yaml'):
        LearningConfig.from_file(tmp_path / 'none.yaml')
