# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from keras_only import needs_keras

from neural_ik_ros.cli.generate import PARTS
from neural_ik_ros.cli.main import main
from neural_ik_ros.learning.bundle.storage import load_bundle, shipped_bundle
from neural_ik_ros.learning.data.dataset import Part
from neural_ik_ros.learning.training.run_folder import RunFolder


@pytest.fixture
def config_file(tmp_path, tiny):
    path = tmp_path / 'tiny.yaml'
    path.write_text(yaml.safe_dump(tiny.to_mapping()))
    return path


class TrainedError(Exception):
    """Says what would have been trained."""


@pytest.fixture
def not_trained(monkeypatch):
    from neural_ik_ros.learning.training import training_loop

    def train(arm, config, _run, **_kwargs):
        raise TrainedError(f'{config.name} {arm.name} {config.data.sets}')

    monkeypatch.setattr(training_loop, 'train', train)


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


def test_generate_writes_only_the_set_part_and_number_it_is_given(tmp_path, config_file, capsys):
    output = tmp_path / 'data'
    arguments = ['--config', str(config_file), '--output', str(output)]
    wanted = ['--sets', 'step,far/limits', '--part', 'test', '--samples', '70']

    assert main(['generate', *arguments, *wanted]) == 0
    assert capsys.readouterr().out == f'{output / "test.npy"}: 70 samples\n'
    assert sorted(path.name for path in output.iterdir()) == ['data.json', 'test.npy']
    assert json.loads((output / 'data.json').read_text())['data']['sets'] == {
        'step': 1.0,
        'far/limits': 1.0,
    }


@pytest.mark.parametrize(
    'wrong',
    [['--sets', 'sideways'], ['--sets', 'far/sideways'], ['--sets', ''], ['--samples', '0']],
    ids=' '.join,
)
def test_generate_refuses_what_it_cannot_draw_in_one_line(tmp_path, capsys, wrong):
    assert main(['generate', *wrong, '--output', str(tmp_path / 'data')]) == 1
    assert capsys.readouterr().err.count('\n') == 1
    assert list(tmp_path.iterdir()) == []


def test_generate_offers_the_parts_there_are():
    assert [part.name.lower() for part in Part] == list(PARTS)


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


@needs_keras
def test_train_resumed_keeps_the_order_of_sets_it_was_started_with(tmp_path, not_trained):
    """The order decides which samples are drawn; a YAML file may list the sets in another one."""
    arguments = ['train', '--config', str(tmp_path / 'c.yaml'), '--output', str(tmp_path / 'run')]
    for sets, resume in (('{near: 0.5, far: 0.5}', []), ('{far: 0.5, near: 0.5}', ['--resume'])):
        (tmp_path / 'c.yaml').write_text(f'data: {{sets: {sets}}}')
        with pytest.raises(TrainedError, match=r"'near'.*'far'"):
            main([*arguments, *resume])
        RunFolder(tmp_path / 'run').checkpoint.touch()  # of a first epoch


@needs_keras
def test_train_refuses_to_resume_what_is_not_there(tmp_path, not_trained, capsys):
    assert main(['train', '--output', str(tmp_path / 'mistyped'), '--resume']) == 1
    assert 'no run to resume; check --output' in capsys.readouterr().err
    assert not (tmp_path / 'mistyped').exists()


@needs_keras
def test_train_resumes_without_naming_configuration_and_arm_again(tmp_path, not_trained):
    (tmp_path / 'c.yaml').write_text('name: mine')
    other = Path(__file__).parents[1] / 'offset_wrist.urdf'
    output = ['--output', str(tmp_path / 'run')]
    with pytest.raises(TrainedError, match='mine offset_wrist'):
        main(['train', *output, '--config', str(tmp_path / 'c.yaml'), '--arm', str(other)])
    with pytest.raises(TrainedError, match='mine offset_wrist'):
        main(['train', *output, '--resume'])
