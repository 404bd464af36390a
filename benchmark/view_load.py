# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What ``neural_ik view`` costs its machine while the handle is dragged without a pause.

Starts the command, connects clients that do not draw, moves the handle along a circle sixty times
a second and prints a line an interval: updates of the arm that a client received, the share of one
core and the memory of the server's process.

    .venv/bin/python -m benchmark.view_load --duration 60
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import viser
import zstandard
from websockets.sync.client import ClientConnection, connect

RATE_HZ = 60.0
CENTRE, RADIUS, TURN_S = (0.95, 0.0, 0.9), 0.15, 4.0  # [m], [m], [s]
DOWN_WXYZ = (0.0, 0.0, 1.0, 0.0)
PAGE_SIZE, TICKS = os.sysconf('SC_PAGE_SIZE'), os.sysconf('SC_CLK_TCK')


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--duration', type=float, default=60.0, help='seconds (60)')
    parser.add_argument('--interval', type=float, default=10.0, help='seconds a line (10)')
    parser.add_argument('--clients', type=int, default=1, help='pages that are open (1)')
    arguments = parser.parse_args()
    with served() as (pid, url), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(url)) for _ in range(arguments.clients)]
        time.sleep(2.0)
        end_s = time.monotonic() + arguments.duration
        print('  time  updates/s  core  memory')
        started_s = time.monotonic()
        while time.monotonic() < end_s:
            cpu_s, n_before, begin_s = cpu_seconds(pid), clients[0].n_updates, time.monotonic()
            drag(clients[0], arguments.interval, begin_s - started_s)
            elapsed_s = time.monotonic() - begin_s
            rate = (clients[0].n_updates - n_before) / elapsed_s
            share = (cpu_seconds(pid) - cpu_s) / elapsed_s
            now_s = time.monotonic() - started_s
            print(
                f'{now_s:5.0f}s  {rate:9.1f}  {share:4.0%}  {memory_mib(pid):.1f} MiB', flush=True
            )
    return 0


@contextlib.contextmanager
def served() -> Iterator[tuple[int, str]]:
    """Provide the process id and the address of a server without a browser."""
    code = 'import sys; from neural_ik_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'
    command = [sys.executable, '-c', code, 'view', '--no-browser', '--port', '0']
    with subprocess.Popen(  # noqa: S603  our own interpreter and module
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ''
            found = re.search(r'http://\S+', line)
            if found is None:
                raise SystemExit('the server did not start')
            yield process.pid, found[0]
        finally:
            process.terminate()


class Client:
    """A page that reads everything and draws nothing."""

    def __init__(self, url: str) -> None:
        self.n_updates = 0
        origin = '/'.join(url.split('/')[:3])
        self._socket: ClientConnection = connect(
            url.rstrip('/').replace('http', 'ws'),
            origin=origin,
            subprotocols=[f'viser-v{viser.__version__}'],
            compression=None,
            max_size=None,
        )
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Client:
        self._thread.start()
        self.send(
            type='ViewerCameraMessage', wxyz=(1.0, 0.0, 0.0, 0.0), position=(3.0, 0.0, 0.0),
            fov=1.0, near=0.1, far=100.0, image_height=600, image_width=900,
            look_at=(0.0, 0.0, 0.0), up_direction=(0.0, 0.0, 1.0),
        )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()
        self._thread.join()

    def send(self, **message: Any) -> None:
        """Send a message of viser's client."""
        self._socket.send(msgspec.msgpack.encode(message))

    def _read(self) -> None:
        decompress = zstandard.ZstdDecompressor().decompress
        for data in self._socket:
            length = int.from_bytes(data[8:16], 'little')
            self.n_updates += b'/arm/joint_1' in decompress(data[16 : 16 + length])


def drag(client: Client, duration_s: float, from_s: float) -> None:
    """Move the handle for a time [s]."""
    start_s = time.monotonic()
    for k in range(round(duration_s * RATE_HZ)):
        at_s = k / RATE_HZ
        time.sleep(max(start_s + at_s - time.monotonic(), 0.0))
        angle = math.tau * (from_s + at_s) / TURN_S
        x, y, z = CENTRE
        client.send(
            type='TransformControlsUpdateMessage', name='/target', wxyz=DOWN_WXYZ, owner='',
            position=(x, y + RADIUS * math.cos(angle), z + RADIUS * math.sin(angle)),
        )  # fmt: skip


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f'/proc/{pid}/statm').read_text().split()[1]) * PAGE_SIZE / 2**20


if __name__ == '__main__':
    sys.exit(main())
