# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A domain of one's own, also beside others."""

from __future__ import annotations

import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest

from neural_ik_ros.errors import FileError, ProcessError
from neural_ik_ros.ros.processes import isolation
from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain

# Ports of participant 50 of each domain: nodes of this machine come and go on the first ones.
ASIDE = 100


@pytest.fixture(autouse=True)
def own_folders_and_ports(tmp_path, monkeypatch):
    """Keep locks and ports apart from those of this machine."""
    monkeypatch.setattr(isolation, 'FIRST_PORT', isolation.FIRST_PORT + ASIDE)
    monkeypatch.setattr(isolation.tempfile, 'tempdir', str(tmp_path))


def first_choice() -> int:
    with reserved_domain() as domain_id:
        return domain_id


def port(domain_id: int, offset: int) -> int:
    """Return a port as the DDS-RTPS standard counts them, and as the fixture moves them."""
    return ASIDE + 7400 + 250 * domain_id + offset


def test_reserved_domain_is_lent_to_one_at_a_time():
    with reserved_domain() as first, reserved_domain() as second, reserved_domain() as third:
        assert len({first, second, third}) == 3
        assert all(1 <= domain_id <= 101 for domain_id in (first, second, third))
    assert first_choice() == first, 'given back'


def test_reserved_domain_is_one_where_no_one_listens():
    domain_id = first_choice()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(('', port(domain_id, 10)))
        assert first_choice() != domain_id
    assert first_choice() == domain_id


def test_reserved_domain_does_not_follow_a_link_laid_in_its_way(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, 'N_DOMAINS', 1)
    target = tmp_path / 'precious'
    target.write_text('mine')
    (tmp_path / 'neural_ik_ros_domain_1.lock').symlink_to(target)
    with pytest.raises(ProcessError, match='all taken'), reserved_domain():
        pass
    assert target.read_text() == 'mine'


def test_reserved_domain_reports_when_there_is_none(monkeypatch):
    monkeypatch.setattr(isolation, 'N_DOMAINS', 1)
    with reserved_domain() as domain_id:
        assert domain_id == 1
        with pytest.raises(ProcessError, match='all taken'), reserved_domain():
            pass


def profile(environment: dict[str, str]) -> ElementTree.Element:
    """Return the participant that Fast DDS reads, by the old name of the variable and the new."""
    files = {value for name, value in environment.items() if 'PROFILES' in name}
    assert len(files) == 1
    participant = ElementTree.parse(files.pop()).getroot().find('.//{*}participant')
    assert participant.get('is_default_profile') == 'true'
    return participant


def test_isolated_environment_keeps_to_udp_on_the_loopback(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, 'is_fast_dds', lambda: True)
    environment = isolated_environment(tmp_path, 42)
    assert environment['ROS_DOMAIN_ID'] == '42'
    assert Path(environment['ROS_LOG_DIR']).parent == tmp_path
    # LOCALHOST would add shared memory to the transports of the profile.
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SYSTEM_DEFAULT'
    participant = profile(environment)
    assert participant.findtext('.//{*}useBuiltinTransports') == 'false'
    assert participant.findtext('.//{*}userTransports/{*}transport_id') == 'loopback'


def test_isolated_environment_refuses_to_go_without_its_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, 'is_fast_dds', lambda: True)
    monkeypatch.setattr(isolation, 'share_folder', lambda: tmp_path)
    with pytest.raises(FileError, match='is missing; install'):
        isolated_environment(tmp_path, 42)


def test_isolated_environment_keeps_other_middleware_on_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, 'is_fast_dds', lambda: False)
    environment = isolated_environment(tmp_path, 42)
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert not [name for name in environment if 'PROFILES' in name]
