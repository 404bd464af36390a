# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_ik_ros.errors import DataError
from neural_ik_ros.learning.data import dataset
from neural_ik_ros.learning.data.data_folder import COLUMNS, write_data_folder
from neural_ik_ros.learning.data.dataset import Part, sample_blocks


def test_write_data_folder_writes_what_training_draws(tmp_path, arm, tiny):
    written = write_data_folder(tmp_path / 'data', arm, tiny.data)

    rows = np.load(tmp_path / 'data' / 'train.npy')
    samples = next(sample_blocks(arm, tiny.data, Part.TRAIN))
    assert written == {'train.npy': 1000, 'validation.npy': 200, 'test.npy': 200}
    assert rows.shape == (1000, 18)
    assert_array_equal(rows[:, :12], samples.features)
    assert_array_equal(rows[:, 12:], samples.q)


def test_write_data_folder_describes_the_columns(tmp_path, arm, tiny):
    write_data_folder(tmp_path / 'data', arm, tiny.data)

    description = json.loads((tmp_path / 'data' / 'data.json').read_text())
    assert description['columns'] == list(COLUMNS)
    assert description['data']['seed'] == tiny.data.seed


def test_write_data_folder_refuses_a_folder_that_exists(tmp_path, arm, tiny):
    with pytest.raises(DataError, match='--output'):
        write_data_folder(tmp_path, arm, tiny.data)


def test_write_data_folder_leaves_nothing_when_it_fails(tmp_path, arm, tiny, monkeypatch):
    def full_disk(*_args, **_kwargs):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np.lib.format, 'write_array_header_1_0', full_disk)

    with pytest.raises(DataError, match='No space left'):
        write_data_folder(tmp_path / 'data', arm, tiny.data)
    assert list(tmp_path.iterdir()) == []


def test_write_data_folder_streams_several_blocks(tmp_path, arm, tiny, monkeypatch):
    monkeypatch.setattr(dataset, 'BLOCK', 64)

    write_data_folder(tmp_path / 'data', arm, replace(tiny.data, n_train=150))

    assert np.load(tmp_path / 'data' / 'train.npy').shape == (150, 18)


def test_write_data_folder_refuses_in_one_line_when_the_system_lets_it_write_no_more(tmp_path):
    """A real failure of write() in the middle of a file, as on a full disk."""
    code = (
        'import resource, sys\n'
        'from neural_ik_ros.cli.main import main\n'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n'
        'sys.exit(main(sys.argv[1:]))'
    )
    output = tmp_path / 'data'
    arguments = ['generate', '--samples', '20000', '--output', str(output)]
    result = subprocess.run(
        [sys.executable, '-c', code, *arguments], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    assert str(output) in result.stderr
    assert 'free space' in result.stderr
    assert list(tmp_path.iterdir()) == []
