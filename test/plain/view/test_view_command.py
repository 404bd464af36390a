# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik view``: the saved page, and what is refused in one line."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace

import pytest
from strategies import URDF_FILE

from neural_ik_ros.cli.main import main


def refusal(capsys, *arguments: str) -> str:
    assert main(['view', '--no-browser', *arguments]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_missing_viser_is_refused_with_the_remedy(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'viser', None)
    for name in [name for name in sys.modules if name.startswith('neural_ik_ros.view.')]:
        monkeypatch.delitem(sys.modules, name)
    assert 'viser is not installed' in (line := refusal(capsys))
    assert 'make view' in line


@pytest.mark.usefixtures('viser')
class TestWithViser:
    def test_saved_page_is_complete_in_one_file(self, tmp_path, capsys):
        page = tmp_path / 'page.html'
        assert main(['view', '--urdf', str(URDF_FILE), '--save', str(page)]) == 0
        assert '0 targets of its path refused' in capsys.readouterr().out
        text = page.read_text()
        assert '__VISER_EMBED_DATA__' in text
        assert '<script src=' not in text
        assert list(tmp_path.iterdir()) == [page]

    def test_page_that_cannot_be_written_is_refused(self, tmp_path, capsys):
        arguments = ('--urdf', str(URDF_FILE), '--save', str(tmp_path / 'no' / 'page.html'))
        assert 'existing folder' in refusal(capsys, *arguments)

    def test_taken_port_is_refused(self, capsys):
        with socket.create_server(('127.0.0.1', 0)) as taken:
            port = str(taken.getsockname()[1])
            line = refusal(capsys, '--urdf', str(URDF_FILE), '--port', port)
        assert f'127.0.0.1:{port}' in line
        assert '--port' in line

    def test_address_of_another_machine_is_refused(self, capsys):
        line = refusal(capsys, '--urdf', str(URDF_FILE), '--host', '192.0.2.1', '--port', '0')
        assert '--host' in line

    @pytest.mark.parametrize('joints', [5, 7])
    def test_arms_with_other_numbers_of_joints_are_refused(self, tmp_path, capsys, joints):
        text = URDF_FILE.read_text()
        if joints == 5:
            text = text.replace('<joint name="joint_6" type="revolute">',
                                '<joint name="joint_6" type="fixed">')  # fmt: skip
        else:
            text = text.replace('type="fixed"', 'type="continuous"', 1)
        (tmp_path / 'arm.urdf').write_text(text)
        assert 'robot description' in refusal(capsys, '--urdf', str(tmp_path / 'arm.urdf'))

    def test_unreadable_urdf_is_refused(self, tmp_path, capsys):
        assert 'plain URDF' in refusal(capsys, '--urdf', str(tmp_path / 'missing.urdf'))
        (tmp_path / 'noise.urdf').write_text('<robot')
        assert 'plain URDF' in refusal(capsys, '--urdf', str(tmp_path / 'noise.urdf'))

    def test_ros_takes_no_arm_of_its_own(self, capsys):
        line = refusal(capsys, '--ros', '--urdf', 'arm.urdf')
        assert '--urdf' in line
        assert 'leave it out' in line


@pytest.mark.usefixtures('viser')
def test_dead_man_box_is_released_when_its_client_is_gone():
    from neural_ik_ros.view.dead_man import DeadManBox

    clients: dict[int, object] = {7: object()}
    box = SimpleNamespace(value=False)
    box.on_update = lambda callback: setattr(box, 'callback', callback)
    gui = SimpleNamespace(add_checkbox=lambda *_args, **_options: box)
    held = DeadManBox(SimpleNamespace(gui=gui, get_clients=lambda: clients))
    assert not held.is_held()
    box.value = True
    box.callback(SimpleNamespace(client_id=7))
    assert held.is_held()
    clients.clear()
    assert not held.is_held()
    assert box.value is False
    clients[7] = object()
    assert not held.is_held()  # it must be ticked again
    box.value = True
    box.callback(SimpleNamespace(client_id=7))
    assert held.is_held()
    box.value = False
    box.callback(SimpleNamespace(client_id=7))
    assert not held.is_held()
