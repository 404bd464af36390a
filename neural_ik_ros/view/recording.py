# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A page in one file that plays a recorded path, without a server or the internet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from viser import ViserServer

from ..atomic_files import atomic_write
from ..errors import FileError
from .follower import ArmFollower, Snapshot

RECORDED_S = 8.0
PERIOD_S = 1.0 / 30.0


def save_page(
    path: Path,
    server: ViserServer,
    follower: ArmFollower,
    frame: Callable[[float], Snapshot],
) -> int:
    """
    Write a page that plays the arm on its path, and return how many targets were refused.

    :param frame: Advances the arm by a time [s] and draws it.
    :raises FileError: If the file cannot be written.
    """
    frame(0.0)
    serializer = server.get_scene_serializer()
    follower.start_path()
    n_refused = 0
    for _ in range(round(RECORDED_S / PERIOD_S)):
        n_refused += not frame(PERIOD_S).solution.status.is_solved
        serializer.insert_sleep(PERIOD_S)
    try:
        with atomic_write(path) as partial:
            partial.write_text(serializer.as_html(), encoding='utf-8')
    except OSError as error:
        problem = error.strerror or str(error)
        raise FileError(path, problem, 'give the path of a file in an existing folder') from error
    return n_refused
