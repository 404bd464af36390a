# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bundles that are not what they should be: the node stays unconfigured and says why."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest
from driver import AUTOSTART, CONFIGURE, UNCONFIGURED, Driver
from peers import assert_clean_exit

from neural_ik_ros.learning.bundle.storage import shipped_bundle

BAD_BUNDLES = {  # and what the node says about each
    'missing': 'No such file',
    'empty': 'is missing',
    'tampered': 'model.tflite',
    'pickle': 'scaler.pkl does not belong to a bundle',
    'outside': 'list exactly',
    'huge': 'is larger than',
    'unreadable': 'card.json',
    'bomb': 'a document type declaration is not allowed',
}


@pytest.fixture(scope='module')
def bad_bundles(tmp_path_factory):
    """Return the folder of ``BAD_BUNDLES``."""
    folder = tmp_path_factory.mktemp('bundles')
    for name in BAD_BUNDLES:
        if name not in ('missing', 'empty'):
            shutil.copytree(shipped_bundle(), folder / name)
    (folder / 'empty').mkdir()
    model = folder / 'tampered' / 'model.tflite'
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    (folder / 'pickle' / 'scaler.pkl').write_bytes(pickle.dumps({'mean': 0.0}))
    (folder / 'huge' / 'card.json').write_bytes(b' ' * 20_000_000)
    (folder / 'unreadable' / 'card.json').write_bytes(b'{"arm": \xff')
    rewrite(folder / 'bomb', 'arm.urdf', '<!DOCTYPE robot [<!ENTITY a "aa">]><robot name="&a;"/>')
    redirect(folder / 'outside', 'model.tflite', '../model.tflite')
    return folder


def rewrite(bundle: Path, name: str, text: str) -> None:
    """Replace a file of a bundle, and what its card says about the file."""
    content = text.encode()
    (bundle / name).write_bytes(content)
    card = json.loads((bundle / 'card.json').read_text())
    record = {'size': len(content), 'sha256': hashlib.sha256(content).hexdigest()}
    card['files'][name] = {**card['files'][name], **record}
    (bundle / 'card.json').write_text(json.dumps(card))


def redirect(bundle: Path, name: str, path: str) -> None:
    """Let the card of a bundle name a path instead of a file."""
    card = json.loads((bundle / 'card.json').read_text())
    card['files'][path] = card['files'].pop(name)
    (bundle / 'card.json').write_text(json.dumps(card))


@pytest.mark.parametrize('name', BAD_BUNDLES)
def test_bad_bundle_leaves_the_node_unconfigured_with_the_reason(
    start_node, peer, bad_bundles, name
):
    path = bad_bundles / name
    process = start_node('neural_ik_node', '-p', f'bundle:={path}')
    driver = Driver(peer)
    for _ in range(2):
        assert not driver.change_state(CONFIGURE)
        assert driver.state() == UNCONFIGURED
    line = process.output.splitlines()[-1]
    assert 'not configured' in line
    assert BAD_BUNDLES[name] in line
    assert name == 'bomb' or str(path) in line
    assert_clean_exit(process, process.stop())


def test_autostart_with_a_bad_bundle_stays_unconfigured(start_node, peer, bad_bundles):
    path, reason = bad_bundles / 'missing', BAD_BUNDLES['missing']
    process = start_node('neural_ik_node', *AUTOSTART, '-p', f'bundle:={path}')
    assert Driver(peer).state() == UNCONFIGURED
    assert reason in process.output
    assert_clean_exit(process, process.stop())
