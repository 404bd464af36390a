# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The server of the page: viser, out of reach of other pages, behind the guarded proxy."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

from viser import ViserServer

from .proxy import GuardedProxy, hidden_loopback

TITLE = 'neural_ik view'


@contextlib.contextmanager
def hidden_server() -> Iterator[ViserServer]:
    """Provide a viser server that no other page can find; it prints nothing."""
    logging.getLogger('websockets').setLevel(logging.WARNING)  # it tells of every connection
    with contextlib.redirect_stdout(io.StringIO()):
        server = ViserServer(host=hidden_loopback(), port=0, label=TITLE, verbose=False)
    # The share button would open a tunnel from the internet to this machine.
    server.gui.configure_theme(show_logo=False, show_share_button=False)
    server.gui.main_panel.dock_right()
    try:
        yield server
    finally:
        with contextlib.redirect_stdout(io.StringIO()):
            server.stop()


@contextlib.contextmanager
def served_page(host: str, port: int) -> Iterator[tuple[ViserServer, str]]:
    """
    Provide a server and the address of its page, with the token.

    :raises ProcessError: If the address cannot be listened on.
    """
    with hidden_server() as server:
        proxy = GuardedProxy(host=host, port=port, upstream=(server.get_host(), server.get_port()))
        try:
            yield server, proxy.url
        finally:
            proxy.close()
