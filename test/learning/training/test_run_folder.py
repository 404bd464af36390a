# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import resource
from dataclasses import replace

import pytest

from neural_ik_ros.errors import TrainingError
from neural_ik_ros.learning.training.run_folder import EpochRecord, open_run, read_sources

RECORD = EpochRecord(
    epoch=1,
    loss=1.0,
    joint_rmse=1.0,
    validation_loss=1.0,
    validation_joint_rmse=1.0,
    seconds=1.0,
    backend='tensorflow 2.21.0',
)


def test_open_run_refuses_a_folder_with_a_run_unless_resumed(tmp_path, tiny):
    open_run(tmp_path / 'run', tiny, '<robot/>', resume=False).checkpoint.touch()

    with pytest.raises(TrainingError, match='--resume'):
        open_run(tmp_path / 'run', tiny, '<robot/>', resume=False)
    assert open_run(tmp_path / 'run', tiny, '<robot/>', resume=True).path == tmp_path / 'run'


def test_open_run_takes_a_folder_in_which_no_epoch_was_finished(tmp_path, tiny):
    open_run(tmp_path, replace(tiny, name='mistaken'), '<robot/>', resume=False)

    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    assert read_sources(run) == (tiny, '<robot/>')


def test_open_run_names_what_changed_when_resumed(tmp_path, tiny):
    open_run(tmp_path / 'run', tiny, '<robot/>', resume=False).checkpoint.touch()
    changed = replace(tiny, training=replace(tiny.training, epochs=4))

    with pytest.raises(TrainingError, match=r'training\.epochs, arm'):
        open_run(tmp_path / 'run', changed, '<robot name="b"/>', resume=True)


@pytest.mark.parametrize('content', ['', '[]', '{"configuration": {"x": 1}}', '{'])
def test_open_run_refuses_a_damaged_configuration(tmp_path, tiny, content):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    run.checkpoint.touch()
    run.configuration.write_text(content)

    with pytest.raises(TrainingError, match='damaged'):
        open_run(tmp_path, tiny, '<robot/>', resume=True)


def test_open_run_names_the_key_another_version_wrote(tmp_path, tiny):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    run.checkpoint.touch()
    content = json.loads(run.configuration.read_text())
    content['configuration']['network']['depth'] = 3
    run.configuration.write_text(json.dumps(content))

    with pytest.raises(TrainingError, match=r"another version .*'depth'.*--output\.$"):
        open_run(tmp_path, tiny, '<robot/>', resume=True)


def test_open_run_refuses_a_path_that_is_a_file(tmp_path, tiny):
    (tmp_path / 'file').touch()

    with pytest.raises(TrainingError, match='--output'):
        open_run(tmp_path / 'file', tiny, '<robot/>', resume=False)


def test_open_run_leaves_nothing_behind_on_a_full_disk(tmp_path, tiny):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(TrainingError, match=r'configuration\.json: not written'):
            open_run(tmp_path, tiny, '<robot/>', resume=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.iterdir()) == []
    assert open_run(tmp_path, tiny, '<robot/>', resume=False).configuration.exists()


def test_read_sources_returns_what_the_run_was_started_with(tmp_path, tiny):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)

    assert read_sources(run) == (tiny, '<robot/>')


def test_read_history_returns_what_was_written(tmp_path, tiny):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    run.write_history([RECORD, replace(RECORD, epoch=2)])

    assert run.read_history(2) == [RECORD, replace(RECORD, epoch=2)]
    assert run.read_history(1) == [RECORD]


@pytest.mark.parametrize('content', ['', '[]', '[{"epoch": 1}]', '[3]', '3'])
def test_read_history_refuses_a_damaged_file(tmp_path, tiny, content):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    run.history.write_text(content)

    with pytest.raises(TrainingError, match=r'history\.json: damaged'):
        run.read_history(1)


def test_read_history_lets_the_user_keep_the_run_of_another_version(tmp_path, tiny):
    run = open_run(tmp_path, tiny, '<robot/>', resume=False)
    run.write_history([RECORD])
    (record,) = json.loads(run.history.read_text())
    del record['backend']
    run.history.write_text(json.dumps([record]))

    with pytest.raises(TrainingError, match='another version') as caught:
        run.read_history(1)
    assert 'delete' not in str(caught.value)
