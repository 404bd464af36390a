# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bad bags: one clear line each, exit code 1, nothing written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from replay_bags import (
    JOINTS,
    REFERENCE,
    TARGETS,
    changed,
    needs_bags,
    replayed,
    written,
)

pytestmark = needs_bags
HALF = 150  # messages


def as_it_is(number, topic, time_ns, message):
    return time_ns, message


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(REFERENCE, folder))


def cut(folder: Path, suffix: str, share: float) -> Path:
    file = next(folder.glob(f'*{suffix}'))
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    return folder


def truncated_mcap(folder: Path) -> Path:
    return cut(copied(folder), '.mcap', 0.6)


def truncated_sqlite3(folder: Path) -> Path:
    return cut(changed(folder, as_it_is, 'sqlite3'), '.db3', 0.6)


def nothing_but_a_header(folder: Path) -> Path:
    return cut(copied(folder), '.mcap', 0.0)


def fewer_messages_than_promised(folder: Path) -> Path:
    metadata = copied(folder) / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('message_count: 280', 'message_count: 290'))
    return folder


def without_metadata(folder: Path) -> Path:
    (copied(folder) / 'metadata.yaml').unlink()
    return folder


def without_file(folder: Path) -> Path:
    next(copied(folder).glob('*.mcap')).unlink()
    return folder


def unknown_storage(folder: Path) -> Path:
    metadata = copied(folder) / 'metadata.yaml'
    text = metadata.read_text()
    metadata.write_text(text.replace('storage_identifier: mcap', 'storage_identifier: tape'))
    return folder


def unknown_file(folder: Path) -> Path:
    file = folder.with_suffix('.bag')
    file.write_bytes(b'#ROSBAG V2.0')
    return file


def no_bag(folder: Path) -> Path:
    return folder


def empty(folder: Path) -> Path:
    return written(folder, iter(()))


def no_targets(folder: Path) -> Path:
    def change(number, topic, time_ns, message):
        return None if topic == TARGETS else (time_ns, message)

    return changed(folder, change)


def stamps_that_go_back(folder: Path) -> Path:
    def change(number, topic, time_ns, message):
        if topic == TARGETS and number > HALF:
            stamp = replace(message.header.stamp, sec=message.header.stamp.sec - 3)
            message = replace(message, header=replace(message.header, stamp=stamp))
        return time_ns, message

    return changed(folder, change)


def mixed_frames(folder: Path) -> Path:
    def change(number, topic, time_ns, message):
        if topic == TARGETS and number > HALF:
            message = replace(message, header=replace(message.header, frame_id='world'))
        return time_ns, message

    return changed(folder, change)


def damaged_message(folder: Path) -> Path:
    def change(number, topic, time_ns, message):
        return time_ns, b'\x00\x01\x00\x00none' if topic == JOINTS and number > HALF else message

    return changed(folder, change)


BAD = {
    truncated_mcap: ('truncated or damaged',),
    truncated_sqlite3: ('truncated or damaged',),
    nothing_but_a_header: ('truncated or damaged',),
    fewer_messages_than_promised: ('truncated', '280 of 290'),
    without_metadata: ('metadata.yaml', 'ros2 bag reindex'),
    without_file: ('missing', 'reference.mcap'),
    unknown_storage: ('unknown storage', 'tape'),
    unknown_file: ('unknown storage', '.bag'),
    no_bag: ('does not exist',),
    empty: ('is empty', TARGETS),
    no_targets: ('is empty', TARGETS),
    stamps_that_go_back: ('the clock goes back by', TARGETS, 'split it there'),
    mixed_frames: ('mixes frames', "'base_link'", "'world'"),
    damaged_message: ('cannot be read', JOINTS),
}
OPTIONS = {
    'missing topic': (('--target-topic', '/goal'), ('no topic /goal', TARGETS, '--target-topic')),
    'wrong type': (('--target-topic', JOINTS), (JOINTS, 'sensor_msgs/msg/JointState instead of')),
    'wrong commands': (('--commands-topic', JOINTS), ('sensor_msgs/msg/JointState instead of',)),
}


def assert_refused(capsys, folder: Path, words: tuple[str, ...]) -> None:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith('neural_ik: bag ')
    assert all(word in lines[0] for word in words), lines[0]
    assert not (folder / 'out').exists()
    assert not list(folder.glob('.*')), 'nothing half-written is left'


@pytest.mark.parametrize('made', BAD, ids=lambda made: made.__name__)
def test_replay_refuses_a_bad_bag_in_one_line(capsys, tmp_path, made):
    bag = made(tmp_path / 'bad')
    assert replayed(bag, tmp_path / 'out') == 1
    assert_refused(capsys, tmp_path, BAD[made])


@pytest.mark.parametrize('case', OPTIONS)
def test_replay_refuses_topics_that_do_not_fit(capsys, tmp_path, case):
    arguments, words = OPTIONS[case]
    assert replayed(REFERENCE, tmp_path / 'out', *arguments) == 1
    assert_refused(capsys, tmp_path, words)


def test_replay_replaces_nothing_that_is_not_its_own(capsys, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/thesis.txt').write_text('all of it')
    assert replayed(REFERENCE, tmp_path / 'out') == 1
    assert 'exists already' in capsys.readouterr().err
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['thesis.txt']
