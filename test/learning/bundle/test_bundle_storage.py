# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from neural_ik_ros.errors import BundleError
from neural_ik_ros.learning.bundle import storage
from neural_ik_ros.learning.bundle.card import MAX_BYTES, MAX_CARD_BYTES, BundleCard, FileRecord
from neural_ik_ros.learning.bundle.storage import load_bundle, write_bundle
from neural_ik_ros.learning.training.config import LearningConfig, shipped_config


@pytest.fixture
def files(urdf):
    return {
        'model.tflite': b'model',
        'model.keras': b'network',
        'scaler.skops': b'scaler',
        'arm.urdf': urdf.encode(),
    }


@pytest.fixture
def card(files):
    return BundleCard(
        name='test',
        base_frame='base_link',
        tool_frame='tool0',
        configuration={},
        versions={},
        metrics={},
        files={name: FileRecord.of(content) for name, content in files.items()},
    )


@pytest.fixture
def folder(tmp_path, card, files):
    return write_bundle(tmp_path / 'bundle', card, files).folder


def edit_card(folder, **changes):
    path = folder / 'card.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_load_bundle_returns_what_was_written(folder, card, files, arm):
    bundle = load_bundle(folder)

    assert bundle.card == card
    assert bundle.files == files
    assert bundle.arm.joint_names == arm.joint_names


@pytest.mark.parametrize('name', sorted(MAX_BYTES))
def test_load_bundle_names_the_file_with_one_changed_bit(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(BundleError, match=f'{name} has SHA-256'):
        load_bundle(folder)


@pytest.mark.parametrize('name', [*sorted(MAX_BYTES), 'card.json'])
def test_load_bundle_names_the_file_that_is_missing(folder, name):
    (folder / name).unlink()

    with pytest.raises(BundleError, match=f'{name} is missing'):
        load_bundle(folder)


@pytest.mark.parametrize('name', [*sorted(MAX_BYTES), 'card.json'])
def test_load_bundle_refuses_a_link_even_to_the_right_content(folder, tmp_path, name):
    (folder / name).rename(tmp_path / 'elsewhere')
    (folder / name).symlink_to(tmp_path / 'elsewhere')

    with pytest.raises(BundleError, match='link'):
        load_bundle(folder)


def test_load_bundle_refuses_a_pipe_without_waiting_for_it(folder):
    (folder / 'model.tflite').unlink()
    os.mkfifo(folder / 'model.tflite')

    with pytest.raises(BundleError, match='regular file'):
        load_bundle(folder)


def test_load_bundle_refuses_a_file_that_does_not_belong(folder):
    (folder / 'scaler.pkl').touch()

    with pytest.raises(BundleError, match=r'scaler\.pkl does not belong'):
        load_bundle(folder)


def test_load_bundle_refuses_a_truncated_file(folder):
    (folder / 'arm.urdf').write_bytes((folder / 'arm.urdf').read_bytes()[:-1])

    with pytest.raises(BundleError, match='bytes, the card says'):
        load_bundle(folder)


def test_load_bundle_reads_no_more_than_the_limit(folder, monkeypatch):
    monkeypatch.setitem(MAX_BYTES, 'model.tflite', 4)

    with pytest.raises(BundleError, match='larger than 4 bytes'):
        load_bundle(folder)


@pytest.mark.parametrize('name', ['format_version', 'feature_version'])
@pytest.mark.parametrize('version', [2, 0, '1', None])
def test_load_bundle_refuses_another_version(folder, name, version):
    edit_card(folder, **{name: version})

    with pytest.raises(BundleError, match=name):
        load_bundle(folder)


@pytest.mark.parametrize(
    'changes',
    [
        {'extra': 1},
        {'name': 3},
        {'metrics': []},
        {'files': {}},
        {'files': {'../model.tflite': {'size': 1, 'sha256': ''}}},
        {'files': dict.fromkeys(MAX_BYTES, 7)},
        {'files': {name: {'size': True, 'sha256': ''} for name in MAX_BYTES}},
    ],
)
def test_load_bundle_refuses_a_card_that_is_none(folder, changes):
    edit_card(folder, **changes)

    with pytest.raises(BundleError, match='make the bundle again'):
        load_bundle(folder)


@pytest.mark.parametrize('content', [b'', b'[1]', b'{"format_version": 1', b'\xff', b'[' * 99999])
def test_load_bundle_refuses_a_card_that_is_not_an_object(folder, content):
    (folder / 'card.json').write_bytes(content)

    with pytest.raises(BundleError):
        load_bundle(folder)


def test_load_bundle_refuses_a_huge_card(folder):
    (folder / 'card.json').write_bytes(b' ' * (MAX_CARD_BYTES + 1))

    with pytest.raises(BundleError, match='larger'):
        load_bundle(folder)


def test_load_bundle_says_that_there_is_none(tmp_path):
    with pytest.raises(BundleError, match=r'No such file.*give the path of a bundle'):
        load_bundle(tmp_path / 'nothing')


def test_write_bundle_replaces_a_bundle_and_leaves_nothing_else(folder, card, files):
    write_bundle(folder, card, files)

    assert [path.name for path in folder.parent.iterdir()] == ['bundle']


def test_write_bundle_keeps_the_old_one_when_the_new_one_is_wrong(folder, card, files):
    with pytest.raises(BundleError, match=r'model\.tflite has'):
        write_bundle(folder, card, {**files, 'model.tflite': b'other'})

    assert load_bundle(folder).files == files
    assert [path.name for path in folder.parent.iterdir()] == ['bundle']


def test_write_bundle_never_replaces_something_else(tmp_path, card, files):
    (tmp_path / 'thesis').mkdir()
    (tmp_path / 'thesis' / 'chapter1').touch()

    with pytest.raises(BundleError, match=r'not written.*taken'):
        write_bundle(tmp_path / 'thesis', card, files)
    assert (tmp_path / 'thesis' / 'chapter1').exists()


def test_write_bundle_leaves_nothing_when_the_disk_is_full(tmp_path, card, files, monkeypatch):
    def full_disk(_descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(storage.os, 'fsync', full_disk)

    with pytest.raises(BundleError, match=r'not written.*No space left.*free space'):
        write_bundle(tmp_path / 'bundle', card, files)
    assert list(tmp_path.iterdir()) == []


def test_shipped_bundle_is_whole_and_small(urdf):
    bundle = load_bundle()

    assert bundle.files['arm.urdf'].decode() == urdf
    assert sum(map(len, bundle.files.values())) < 8e6


def test_shipped_bundle_was_made_by_the_shipped_configuration():
    card = load_bundle().card

    assert LearningConfig.from_mapping(card.configuration) == LearningConfig.from_file(
        shipped_config()
    )


def test_serving_imports_no_training_library():
    program = (
        'import sys; from neural_ik_ros import IkSolver; IkSolver.load();'
        'print({"tensorflow", "keras", "sklearn", "skops"} & set(sys.modules))'
    )

    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == 'set()'
