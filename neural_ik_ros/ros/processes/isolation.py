# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Private ROS domains on the loopback, for demos and tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import FileError, ProcessError
from ...share import share_folder
from ..runtime.transport import is_fast_dds

LOCK_FLAGS = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
FIRST_PORT, PORTS_PER_DOMAIN = 7400, 250  # of DDS
N_DOMAINS = 101  # above, the ports of DDS reach into the ephemeral range of Linux


@contextlib.contextmanager
def reserved_domain() -> Iterator[int]:
    """
    Reserve a domain id (1 to 101) that no other demo or test on this machine uses.

    :raises ProcessError: If there is none.
    """
    for i in range(N_DOMAINS):
        domain_id = 1 + (os.getpid() + i) % N_DOMAINS  # other processes start elsewhere
        path = Path(tempfile.gettempdir()) / f'neural_ik_ros_domain_{domain_id}.lock'
        try:
            lock = os.fdopen(os.open(path, LOCK_FLAGS, 0o600), 'r+b')
        except OSError:  # another user's, or a symbolic link
            continue
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if _is_unused(domain_id):
                yield domain_id
                return
    domains = f'ROS domains 1 to {N_DOMAINS}'
    raise ProcessError(domains, 'all taken', 'end other demos and tests')


def isolated_environment(folder: Path, domain_id: int) -> dict[str, str]:
    """
    Return environment variables for processes that discover only each other.

    With Fast DDS, discovery takes 0.1 s instead of up to 3 s, and the transport is UDP: with
    shared memory, the replacement of a killed process may receive nothing. Logs go to the folder.

    :raises FileError: If the profile for Fast DDS is not there.
    """
    variables = {
        'ROS_DOMAIN_ID': str(domain_id),
        'ROS_LOG_DIR': str(folder / 'log'),
        'ROS_LOCALHOST_ONLY': '',  # it would override the range
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }
    if not is_fast_dds():
        return variables
    profile = share_folder() / 'config' / 'fastdds_loopback.xml'
    if not profile.is_file():  # without it Fast DDS would be visible everywhere
        remedy = 'install or build this version of the package again'
        raise FileError(profile, 'is missing', remedy)
    return variables | {
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SYSTEM_DEFAULT',  # LOCALHOST adds shared memory
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile),
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile),
    }


def _is_unused(domain_id: int) -> bool:
    """Return whether the first participant's port of a domain is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('127.0.0.1', FIRST_PORT + PORTS_PER_DOMAIN * domain_id + 10))
        except OSError:
            return False
    return True
