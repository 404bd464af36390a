# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import sys

import numpy as np
import pytest
import yaml

from neural_ik_ros.cli.main import main
from neural_ik_ros.learning.bundle.card import ARM, FileRecord
from neural_ik_ros.learning.bundle.storage import load_bundle, shipped_bundles, write_bundle
from neural_ik_ros.learning.data.set_definitions import all_set_names

SMALL = ['--samples', '300', '--no-plots']
HISTORY = {'loss': [1.0, 0.5, 0.4], 'validation_loss': [1.2, 0.7, 0.6]}
PNG = b'\x89PNG\r\n\x1a\n'
MAX_PNG_BYTES = 200_000


@pytest.fixture
def output(tmp_path):
    return tmp_path / 'report'


@pytest.fixture
def with_history(tmp_path):
    """The shipped bundle, with learning curves on its card and another name."""
    bundle = load_bundle()
    metrics = {**bundle.card.metrics, 'history': HISTORY}
    card = dataclasses.replace(bundle.card, name='learnt', metrics=metrics)
    return write_bundle(tmp_path / 'learnt', card, bundle.files).folder


@pytest.fixture
def longer_arm(tmp_path, urdf):
    path = tmp_path / 'longer.urdf'
    path.write_text(urdf.replace('0.705', '0.755'))
    assert path.read_text() != urdf
    return path


def evaluate(output, *arguments):
    return main(['evaluate', *map(str, arguments), '--output', str(output)])


def results(output):
    return json.loads((output / 'results.json').read_text())


def test_evaluate_writes_results_tables_and_plots(output, with_history, capsys):
    exit_code = evaluate(
        output, 'irb2400', with_history, '--sets', 'near,far,far/wrist', '--samples', '400'
    )

    pictures = ('error_map', 'joint_errors', 'learning_curves', 'singularity')
    files = {path.name: path.read_bytes() for path in output.iterdir()}
    assert exit_code == 0
    assert set(files) == {'results.json', 'table.md', *(f'{name}.png' for name in pictures)}
    for name in pictures:
        assert files[f'{name}.png'].startswith(PNG)
        assert len(files[f'{name}.png']) < MAX_PNG_BYTES
    assert 'irb2400' in capsys.readouterr().out
    assert [path.name for path in output.parent.iterdir() if path.name[0] == '.'] == []


def test_evaluate_compares_networks_with_baselines_on_every_set(output):
    assert evaluate(output, 'irb2400', '--samples', '20', '--no-plots') == 0

    found = results(output)
    assert tuple(found['sets']) == all_set_names()
    for by_predictor in found['sets'].values():
        assert list(by_predictor) == [
            *('hold_current', 'hold_current + 1 iteration'),
            *('hold_current + 2 iterations', 'hold_current + 4 iterations'),
            'aimed_prototype + 4 iterations',
            'irb2400',
        ]
        assert by_predictor['irb2400']['n_samples'] == 20
    assert found['configuration']['seed'] == 2400
    assert found['networks']['irb2400']['model']['sha256'] == (
        load_bundle().card.files['model.tflite'].sha256
    )
    assert set(found['versions']) >= {'neural_ik_ros', 'numpy', 'ai-edge-litert'}


def test_evaluate_takes_all_shipped_networks_by_default(output):
    assert evaluate(output, '--sets', 'near', *SMALL) == 0
    assert list(results(output)['networks']) == list(shipped_bundles())


def test_evaluate_repeats_itself_but_for_the_time(tmp_path):
    found = []
    for name in ('first', 'second', 'third'):
        seed = ['--seed', '7'] if name == 'third' else []
        evaluate(tmp_path / name, 'irb2400', '--sets', 'near,far', *SMALL, *seed)
        found.append(results(tmp_path / name)['sets'])

    assert found[0] == found[1]
    assert found[0]['near']['hold_current'] != found[2]['near']['hold_current']


def test_evaluate_follows_the_data_of_a_configuration(tmp_path, output):
    (tmp_path / 'narrow.yaml').write_text(yaml.safe_dump({'data': {'near_range': 0.01}}))

    evaluate(output, 'irb2400', '--sets', 'near', '--config', tmp_path / 'narrow.yaml', *SMALL)

    held = results(output)['sets']['near']['hold_current']['unrefined']
    assert held['joint_rmse'] == pytest.approx(0.01 / 3.0**0.5, rel=0.05)


def test_evaluate_distinguishes_two_networks_of_one_name(output, with_history):
    assert evaluate(output, with_history, with_history, '--sets', 'near', *SMALL) == 0
    assert list(results(output)['networks']) == ['learnt', 'learnt (2)']


def test_evaluate_asks_about_another_geometry(tmp_path, longer_arm):
    evaluate(tmp_path / 'nominal', 'irb2400', '--sets', 'near', *SMALL)
    evaluate(tmp_path / 'longer', 'irb2400', '--sets', 'near', '--arm', longer_arm, *SMALL)

    errors = [
        results(tmp_path / name)['sets']['near']['irb2400']['unrefined']['position_median']
        for name in ('nominal', 'longer')
    ]
    assert errors[1] > errors[0] + 0.01, 'what the network learnt is 50 mm off'


def test_evaluate_refuses_networks_of_different_arms(tmp_path, output, longer_arm, capsys):
    bundle = load_bundle()
    files = {**bundle.files, ARM: longer_arm.read_bytes()}
    records = {name: FileRecord.of(content) for name, content in files.items()}
    card = dataclasses.replace(bundle.card, files=records)
    other = write_bundle(tmp_path / 'other', card, files).folder

    assert evaluate(output, 'irb2400', other, *SMALL) == 1
    assert 'different arms; name one with --arm' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'problem'),
    [
        (['abacus'], 'abacus: neither a folder nor a shipped network; shipped are irb2400'),
        (['--sets', 'near,round'], "set 'round': unknown; known are near"),
        (['--data', 'nowhere'], 'not readable'),
        (['--data', 'nowhere', '--sets', 'near'], 'leave --sets, --config and --seed out'),
        (['--config', 'nowhere.yaml'], 'nowhere.yaml'),
        (['--arm', 'nowhere.urdf'], 'nowhere.urdf'),
    ],
)
def test_evaluate_says_in_one_line_what_it_cannot_do(output, capsys, arguments, problem):
    assert evaluate(output, *arguments, *SMALL) == 1

    message = capsys.readouterr().err
    assert problem in message
    assert sum('neural_ik:' in line for line in message.splitlines()) == 1
    assert not output.exists()


def test_evaluate_refuses_a_folder_that_is_there_before_anything_else(output, capsys):
    output.mkdir()

    assert evaluate(output, 'abacus', *SMALL) == 1
    assert 'exists; choose another --output' in capsys.readouterr().err
    assert list(output.iterdir()) == []


def test_evaluate_names_the_extra_before_it_starts_without_matplotlib(output, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'neural_ik_ros.learning.evaluation.plots', None)

    assert evaluate(output, 'irb2400', '--samples', '300') == 1
    assert '[plots] or add --no-plots' in capsys.readouterr().err
    assert evaluate(output, 'irb2400', '--sets', 'near', *SMALL) == 0


def test_evaluate_leaves_nothing_when_a_picture_fails(output, monkeypatch, capsys):
    from neural_ik_ros.learning.evaluation import plots

    def full_disk(*_arguments):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(plots, 'save_plots', full_disk)

    assert evaluate(output, 'irb2400', '--sets', 'near', '--samples', '100') == 1
    assert 'No space left' in capsys.readouterr().err
    assert list(output.parent.iterdir()) == []


@pytest.fixture
def data(tmp_path):
    config = {'n_train': 10, 'n_validation': 10, 'n_test': 500, 'sets': {'near': 1.0}}
    (tmp_path / 'data.yaml').write_text(yaml.safe_dump({'data': config}))
    folder = tmp_path / 'stored'
    main(['generate', '--config', str(tmp_path / 'data.yaml'), '--output', str(folder)])
    return folder


def test_evaluate_reads_the_test_part_of_a_data_folder(output, data):
    assert evaluate(output, 'irb2400', '--data', data, *SMALL) == 0

    stored = np.load(data / 'test.npy')[:300]
    held = results(output)['sets']['stored']['hold_current']
    rmse = np.sqrt(np.mean((stored[:, 6:12] - stored[:, 12:]) ** 2))
    assert held['n_samples'] == 300
    assert held['unrefined']['joint_rmse'] == pytest.approx(rmse)


def test_evaluate_refuses_data_of_another_arm(output, data, longer_arm, capsys):
    assert evaluate(output, 'irb2400', '--data', data, '--arm', longer_arm, *SMALL) == 1
    assert 'm off those of irb2400; name its --arm' in capsys.readouterr().err
