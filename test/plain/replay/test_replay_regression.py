# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The regression gate: the reference bag, and what makes it fail."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from replay_bags import BASELINE, PARAMETERS, REFERENCE, needs_bags, replayed, report_of

from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import ConfigError
from neural_ik_ros.kinematics import Arm, forward, random_joints
from neural_ik_ros.learning.bundle.card import CARD, MODEL, FileRecord, parse_card
from neural_ik_ros.learning.bundle.engines import LiteRtEngine
from neural_ik_ros.learning.bundle.network_seed import NetworkSeed
from neural_ik_ros.learning.bundle.storage import shipped_bundle
from neural_ik_ros.replay.regression import (
    MISSING,
    TOLERANCES,
    changes,
    flat,
    load_baseline,
    table,
    tolerances_from_texts,
)
from neural_ik_ros.simulation.simulated_controller import START_JOINTS

REMEDY = 'if that is meant, say make baseline, and look at the diff'
NOTICEABLE = 1e-3  # [rad] of the worst joint
MOST_WEIGHTS = 50  # to be tried
FACTOR = 30.0  # of the weight: several ends are judged, so that a small slip has no effect
LARGEST_FILE = 400_000  # [bytes]; every command holds its path to rest


def gated(output: Path, params: Path = PARAMETERS, *arguments: str) -> int:
    """Return the exit code of the reference replay against its baseline."""
    return replayed(REFERENCE, output, '--baseline', str(BASELINE), *arguments, params=params)


def with_parameters(path: Path, text: str) -> Path:
    """Write the parameters of the reference with a line more."""
    path.write_text(f'{PARAMETERS.read_text()}    {text}\n')
    return path


def rows_of(output: str) -> dict[str, list[str]]:
    """Return the table in what was printed: cells by the name of the figure."""
    lines = output.split('\n\n')[1].splitlines()
    assert lines[0].split() == ['value', 'baseline', 'now', 'change', 'allowed']
    return {line.split()[0]: line.split()[1:] for line in lines[1:]}


def bundle_with_another_weight(folder: Path, arm: Arm) -> Path:
    """Copy the shipped bundle, with one weight of its smallest layer larger."""
    shutil.copytree(shipped_bundle(), folder)
    model = (folder / MODEL).read_bytes()
    known = proposals(arm, model)
    content = next(
        other
        for other in models_with_another_weight(model)
        if np.abs(proposals(arm, other) - known).max(axis=1).mean() > NOTICEABLE
    )
    (folder / MODEL).write_bytes(content)
    card = asdict(parse_card((folder / CARD).read_bytes(), folder))
    card['files'][MODEL] = asdict(FileRecord.of(content))
    (folder / CARD).write_text(json.dumps(card))
    return folder


def models_with_another_weight(model: bytes) -> Iterator[bytes]:
    """Yield models with one of the largest weights larger; some may belong to idle units."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    matrices = []
    for one in interpreter.get_tensor_details():
        if one['dtype'] is np.float32 and len(one['shape']) == 2 and one['shape'][0] > 1:
            with contextlib.suppress(ValueError):  # an intermediate result has no data yet
                matrices.append(interpreter.get_tensor(one['index']))
    layers = [one for one in matrices if one.size > 300 and model.count(one.tobytes()) == 1]
    weights = min(layers, key=np.size)
    for place in np.abs(weights).ravel().argsort()[::-1][:MOST_WEIGHTS]:
        others = weights.copy()
        others.ravel()[place] *= FACTOR
        yield model.replace(weights.tobytes(), others.tobytes())


def proposals(arm: Arm, model: bytes) -> np.ndarray:
    """Return what a network proposes for far targets; near ones it may solve by itself."""
    q = random_joints(arm, np.random.default_rng(1), 20)
    q_current = np.tile(START_JOINTS, (len(q), 1))
    return NetworkSeed(LiteRtEngine(model)).predict(forward(arm, q), q_current)


@needs_bags
def test_reference_bag_replays_as_its_baseline(capsys, tmp_path):
    code = gated(tmp_path / 'out')
    output = capsys.readouterr().out
    assert code == 0, f'{output}\n{REMEDY}'
    assert f'all {len(load_baseline(BASELINE))} values as in' in output


def test_reference_bag_and_baseline_are_small():
    files = [path for path in BASELINE.parent.rglob('*') if path.is_file()]
    assert {'.mcap', '.json', '.yaml'} <= {path.suffix for path in files}
    assert sum(path.stat().st_size for path in files) < LARGEST_FILE


@needs_bags
def test_gate_fails_with_a_table_when_one_weight_changes(capsys, tmp_path, arm):
    bundle = bundle_with_another_weight(tmp_path / 'bundle', arm)
    params = with_parameters(tmp_path / 'params.yaml', f'bundle: {bundle}')
    assert gated(tmp_path / 'out', params) == 1
    rows = rows_of(capsys.readouterr().out)
    assert 'settings.network.sha256' in rows
    moved = [name for name in rows if name.startswith('seed_error_rad.mean')]
    assert moved, 'proposals moved, not only the file'
    assert 'targets.solved' not in rows, 'solutions are exact all the same'


@pytest.mark.parametrize(
    ('line', 'name', 'cells'),
    [
        (
            'max_acceleration: [5.0, 4.9, 5.0, 10.0, 10.0, 10.0]',
            'settings.parameters.max_acceleration.2',
            ['5', '4.9', '-0.1', '(-2', '%)', 'none'],
        ),
        (
            'velocity_scaling_factor: 0.2',
            'limit_use.velocity.3',
            None,
        ),
        (
            'max_joint_step_rad: 0.005',
            'targets.by_status.STEP_TOO_LARGE',
            None,
        ),
    ],
    ids=lambda value: value.split(':')[0] if isinstance(value, str) else '',
)
@needs_bags
def test_gate_fails_with_a_table_when_one_limit_changes(capsys, tmp_path, line, name, cells):
    params = with_parameters(tmp_path / 'params.yaml', line)
    assert gated(tmp_path / 'out', params) == 1
    output = capsys.readouterr().out
    rows = rows_of(output)
    setting = f'settings.parameters.{line.split(":")[0]}'
    assert any(one.startswith(setting) for one in rows)
    assert name in rows
    assert cells is None or rows[name] == cells
    assert output.splitlines()[-1] == f'{len(rows)} values changed against {BASELINE}'


@needs_bags
def test_gate_writes_the_report_when_it_fails(tmp_path):
    params = with_parameters(tmp_path / 'params.yaml', 'velocity_scaling_factor: 0.5')
    assert gated(tmp_path / 'out', params) == 1
    assert report_of(tmp_path / 'out')['settings']['parameters']['velocity_scaling_factor'] == 0.5


@needs_bags
def test_gate_lets_pass_what_a_tolerance_on_the_command_line_allows(tmp_path):
    params = with_parameters(tmp_path / 'params.yaml', 'recovery_s: 0.6')
    assert gated(tmp_path / 'one', params) == 1
    assert gated(tmp_path / 'two', params, '--tolerance', 'settings.*.recovery_s=any') == 0
    assert gated(tmp_path / 'three', params, '--tolerance', 'settings.*.recovery_s=0.3') == 0
    assert gated(tmp_path / 'four', params, '--tolerance', 'settings.*.recovery_s=0.1') == 1


@pytest.mark.parametrize(
    ('was', 'now', 'is_changed'),
    [
        (1.0, 1.0009, False),
        (1.0, 1.0011, True),
        (1.0, 0.9989, True),
        (1.0, math.nan, True),
        (1.0, MISSING, True),
        (MISSING, 1.0, True),
    ],
)
def test_changes_satisfy_the_tolerance_of_a_figure(was, now, is_changed):
    figures = [{} if value is MISSING else {'seed_error_rad.mean': value} for value in (was, now)]
    assert bool(changes(*figures)) is is_changed


def test_changes_compare_exactly_what_has_no_tolerance_of_its_own():
    assert TOLERANCES[-1].names == '*'
    found = changes({'targets.solved': 5, 'a': 'x', 'b': True}, {'targets.solved': 6, 'a': 'y'})
    assert [(one.name, one.was, one.now) for one in found] == [
        ('targets.solved', 5, 6),
        ('a', 'x', 'y'),
        ('b', True, MISSING),
    ]


def test_changes_let_pass_parameters_that_the_baseline_does_not_know():
    known = {'settings.parameters.rate_hz': 250.0}
    newer = {**known, 'settings.parameters.new': True}
    assert changes(known, newer) == []
    assert [one.name for one in changes(newer, known)] == ['settings.parameters.new']


def test_table_aligns_its_columns_and_shortens_long_texts():
    found = changes({'a': 'x' * 64, 'long.name': 2.0}, {'a': 'y' * 64, 'long.name': 3.0})
    lines = table(found).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) < 100
    assert (
        len({line.index(cell) for line, cell in zip(lines, ('now', 'yyy', '3'), strict=True)}) == 1
    )
    assert '+1 (+50 %)' in lines[2]


def test_flat_numbers_elements_from_one():
    assert flat({'a': {'b': [1, 2]}, 'c': 'd'}) == {'a.b.1': 1, 'a.b.2': 2, 'c': 'd'}


@pytest.mark.parametrize('text', ['iterations', '=0.1', 'a=b', 'a=-0.1', 'a=nan'])
def test_tolerances_refuse_what_is_none(text):
    with pytest.raises(ConfigError, match=r'tolerance .*; write for example'):
        tolerances_from_texts([text])


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (None, 'cannot be read'),
        ('not json', 'is not JSON'),
        ('[]', 'not a report'),
        ('{"format": 0}', 'not a report'),
        ('\xff', 'cannot be read'),
    ],
)
@needs_bags
def test_bad_baselines_are_refused_before_the_replay(capsys, tmp_path, content, words):
    baseline = tmp_path / 'baseline.json'
    if content is not None:
        baseline.write_bytes(content.encode('latin-1'))
    assert replayed(REFERENCE, tmp_path / 'out', '--baseline', str(baseline)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert not (tmp_path / 'out').exists()


@needs_bags
def test_reference_bag_is_what_its_parameters_record(tmp_path):
    """The bag can be recorded again: with another network it is the same to rounding."""
    arguments = ('--rate', '100', '--speed', '0.5', '--duration', '2.8', '--jump-every', '20')
    options = ('--output', str(tmp_path / 'reference'), '--params-file', str(PARAMETERS))
    assert main(['record-demo', *options, *arguments]) == 0
    assert replayed(tmp_path / 'reference', tmp_path / 'out') == 0
    old, new = report_of(tmp_path / 'out')['bag'], load_baseline(BASELINE)
    assert {name: new[f'bag.{name}'] for name in old} == old
