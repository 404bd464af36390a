# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil

import pytest
import yaml
from keras_only import needs_keras

from neural_ik_ros.cli.main import main
from neural_ik_ros.learning.bundle import load_bundle, shipped_bundle


@pytest.fixture
def config_file(tmp_path, tiny):
    path = tmp_path / 'tiny.yaml'
    path.write_text(yaml.safe_dump(tiny.to_mapping()))
    return path


@pytest.mark.parametrize('command', [['generate'], ['train'], ['bundle', 'verify']])
def test_help_is_answered(capsys, command):
    with pytest.raises(SystemExit, match='0'):
        main([*command, '--help'])

    assert 'usage: neural_ik' in capsys.readouterr().out


def test_generate_writes_three_parts(tmp_path, config_file, capsys):
    arguments = ['--config', str(config_file), '--output', str(tmp_path / 'data')]

    assert main(['generate', *arguments]) == 0
    assert 'train.npy: 1000 samples' in capsys.readouterr().out
    assert json.loads((tmp_path / 'data' / 'data.json').read_text())['arm'] == 'irb2400'


def test_bundle_verify_accepts_the_shipped_bundle(capsys):
    assert main(['bundle', 'verify']) == 0
    assert capsys.readouterr().out.startswith('ok')


def test_bundle_verify_names_what_differs(tmp_path, capsys):
    shutil.copytree(shipped_bundle(), tmp_path / 'bundle')
    (tmp_path / 'bundle' / 'scaler.skops').write_bytes(b'')

    assert main(['bundle', 'verify', str(tmp_path / 'bundle')]) == 1
    message = capsys.readouterr().err
    assert message.count('\n') == 1
    assert 'scaler.skops has 0 bytes' in message


@pytest.mark.parametrize(
    ('option', 'content'),
    [
        ('--config', 'speed: 1'),
        ('--config', '- 1'),
        ('--arm', '<robot name="none"/>'),
        ('--arm', 'no robot'),
    ],
)
@pytest.mark.parametrize('command', ['train', 'generate'])
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys, command, option, content):
    (tmp_path / 'bad').write_text(content)

    arguments = [option, str(tmp_path / 'bad'), '--output', str(tmp_path / 'output')]

    assert main([command, *arguments]) == 1
    assert capsys.readouterr().err.count('\n') == 1
    assert not (tmp_path / 'output').exists()


@needs_keras
def test_train_ends_with_a_bundle_and_resumes_to_the_same(tmp_path, config_file, capsys):
    arguments = ['--config', str(config_file), '--output', str(tmp_path / 'run'), '--quiet']

    assert main(['train', *arguments]) == 0
    first = load_bundle(tmp_path / 'run' / 'bundle')
    assert main(['train', *arguments]) == 1
    assert '--resume' in capsys.readouterr().err
    assert main(['train', *arguments, '--resume']) == 0
    assert load_bundle(tmp_path / 'run' / 'bundle').card.metrics == first.card.metrics
