# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain of one's own on the loopback, for demos and tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import NeuralIkError

LOCK_FLAGS = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
FIRST_PORT, PORTS_PER_DOMAIN = 7400, 250  # of DDS
SHARED_MEMORY, PORT_PREFIX = Path('/dev/shm'), 'fastrtps_port'  # noqa: S108  by Fast DDS
N_DOMAINS = 101  # above, the ports of DDS reach into the ephemeral range of Linux
DISCOVERY_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
  <participant profile_name="quick_discovery" is_default_profile="true">
    <rtps><builtin><discovery_config>
      <leaseDuration><sec>5</sec></leaseDuration>
      <leaseAnnouncement><sec>0</sec><nanosec>200000000</nanosec></leaseAnnouncement>
      <initialAnnouncements>
        <count>20</count><period><sec>0</sec><nanosec>50000000</nanosec></period>
      </initialAnnouncements>
    </discovery_config></builtin></rtps>
  </participant>
</profiles>
"""


class NoFreeDomainError(NeuralIkError):
    """Every ROS domain of this machine is in use."""

    def __init__(self) -> None:
        super().__init__(f'domains 1 to {N_DOMAINS} are all taken; end other demos and tests.')


@contextlib.contextmanager
def reserved_domain() -> Iterator[int]:
    """
    Lend a domain id (1 to 101) that no other demo or test run on this machine has.

    :raises NoFreeDomainError: If there is none.
    """
    for domain_id in _candidates():
        path = Path(tempfile.gettempdir()) / f'neural_ik_ros_domain_{domain_id}.lock'
        try:
            lock = os.fdopen(os.open(path, LOCK_FLAGS, 0o600), 'r+b')
        except OSError:  # another user's, or a link somebody laid there
            continue
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if _is_silent(domain_id):
                yield domain_id
                return
    raise NoFreeDomainError


def isolated_environment(folder: Path, domain_id: int) -> dict[str, str]:
    """
    Return the variables of processes that see each other and nobody else.

    Writes a Fast DDS profile into the folder that announces often: processes find each other in
    0.1 s instead of up to 3 s. Logs of rclpy go to the folder too.
    """
    profile = folder / 'discovery.xml'
    profile.write_text(DISCOVERY_PROFILE, encoding='utf-8')
    return {
        'ROS_DOMAIN_ID': str(domain_id),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOG_DIR': str(folder / 'log'),
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile),
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile),
    }


def _candidates() -> list[int]:
    """
    Return all domains, from another one on in each process, untidy ones last.

    Processes that crashed leave ports in shared memory, which delay discovery by many seconds.
    """
    domains = [1 + (os.getpid() + i) % N_DOMAINS for i in range(N_DOMAINS)]
    names = [path.name.removeprefix(PORT_PREFIX) for path in SHARED_MEMORY.glob(f'{PORT_PREFIX}*')]
    untidy = {(int(name) - FIRST_PORT) // PORTS_PER_DOMAIN for name in names if name.isdigit()}
    return sorted(domains, key=lambda domain_id: domain_id in untidy)


def _is_silent(domain_id: int) -> bool:
    """Return whether the first participant's port of a domain is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('127.0.0.1', FIRST_PORT + PORTS_PER_DOMAIN * domain_id + 10))
        except OSError:
            return False
    return True
