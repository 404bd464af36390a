# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
A guard in front of viser, which itself serves every page that finds its port.

Any page in the browser may open a WebSocket to this machine. The guard forwards a request only if
its path starts with a random token, and a WebSocket only if it comes from the page that was served
here. ``Host`` must name this machine, so that a page cannot resolve its own name to it (DNS
rebinding). viser listens on a random address of 127.0.0.0/8, which no page can search for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import secrets
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ProcessError

MAX_HEAD_BYTES = 16 * 1024
HEAD_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
CHUNK_BYTES = 64 * 1024
REQUEST_LINE = re.compile(r'GET (/[!-~]*) HTTP/1\.1')
HEADER_LINE = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*')
ADDED_HEADERS = (
    b'Referrer-Policy: no-referrer\r\n'  # the address of the page holds the token
    b'X-Frame-Options: DENY\r\n'
    b"Content-Security-Policy: frame-ancestors 'none'\r\n"
    b'Cache-Control: no-store\r\n'
)


class RefusedError(Exception):
    """A request that is not forwarded, with the reason that its sender is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of an HTTP request."""

    path: str
    headers: Mapping[str, str]  # by lower-case name

    @property
    def is_websocket(self) -> bool:
        """Whether it asks for a WebSocket."""
        return self.headers.get('upgrade', '').lower() == 'websocket'


def parse_request(head: bytes) -> Request:
    """
    Return the request with this head, its blank line included.

    :raises RefusedError: If it is not a well-formed GET request, or names a header twice.
    """
    lines = head.decode('latin-1').removesuffix('\r\n\r\n').split('\r\n')
    request_line = REQUEST_LINE.fullmatch(lines[0])
    if request_line is None:
        raise RefusedError('only GET requests of HTTP/1.1 are served')
    headers: dict[str, str] = {}
    for line in lines[1:]:
        header = HEADER_LINE.fullmatch(line)
        name = '' if header is None else header[1].lower()
        if header is None or name in headers:
            raise RefusedError('a header is malformed or there twice')
        headers[name] = header[2]
    return Request(path=request_line[1], headers=headers)


def require_allowed(request: Request, token: str, names: frozenset[str]) -> str:
    """
    Return the path to forward a request to.

    :param token: First part of every path that is served.
    :param names: Names of this machine, besides which only IP addresses are accepted.
    :raises RefusedError: If token, host or origin are not those of the page served here.
    """
    host = request.headers.get('host', '')
    if not _names_this_machine(host, names):
        raise RefusedError('the host is not a name or an address of this machine')
    first, _, rest = request.path.removeprefix('/').partition('?')[0].partition('/')
    if not secrets.compare_digest(first.encode(), token.encode()):
        raise RefusedError('the address lacks the token: open the one that neural_ik view printed')
    if request.is_websocket and request.headers.get('origin', '') != f'http://{host}':
        raise RefusedError('the connection does not come from the page served here')
    return f'/{rest}'


def _names_this_machine(host: str, names: frozenset[str]) -> bool:
    """Return whether the value of a header ``Host`` is an IP address or one of the names."""
    name = host.rpartition(':')[0] if re.search(r':\d+$', host) else host
    if name.lower() in names:
        return True
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name.removeprefix('[').removesuffix(']'))
        return True
    return False


def hidden_loopback() -> str:
    """Return a random address of 127.0.0.0/8, for a server that only this process knows of."""
    return '.'.join(['127', *(str(1 + secrets.randbelow(254)) for _ in range(3))])


class GuardedProxy:
    """Forwards permitted requests to another server of this machine, from a thread of its own."""

    def __init__(self, *, host: str, port: int, upstream: tuple[str, int]) -> None:
        """
        Listen.

        :param port: 0 takes a free one.
        :param upstream: Address and port of the guarded server.
        :raises ProcessError: If the address cannot be listened on.
        """
        self.token = secrets.token_urlsafe(18)
        self._upstream = upstream
        self._names = frozenset({'localhost', socket.gethostname().lower(), host.lower()})
        listening = _listening(host, port)
        self.port = int(listening.getsockname()[1])
        shown = '127.0.0.1' if host in ('0.0.0.0', '::') else host  # noqa: S104 - not bound here
        shown = f'[{shown}]' if ':' in shown else shown
        self.url = f'http://{shown}:{self.port}/{self.token}/'
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name='proxy')
        self._thread.start()
        starting = asyncio.start_server(self._on_connection, sock=listening, limit=MAX_HEAD_BYTES)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()

    def close(self) -> None:
        """End all connections and the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection: a page, or a WebSocket until one side ends it."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), HEAD_TIMEOUT_S)
            request = parse_request(head)
            path = require_allowed(request, self.token, self._names)
            connecting = asyncio.open_connection(*self._upstream)
            upstream = await asyncio.wait_for(connecting, CONNECT_TIMEOUT_S)
            with contextlib.closing(upstream[1]):
                await _forward(request, path, (reader, writer), upstream)
        except RefusedError as error:
            writer.write(_refusal(str(error)))
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            pass  # one side has gone, or never said what it wants
        finally:
            with contextlib.suppress(OSError):
                writer.close()


def _listening(host: str, port: int) -> socket.socket:
    """
    Return a socket that is bound to an address of this machine.

    :raises ProcessError: If it cannot be bound.
    """
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        remedy = 'choose another with --port, or 0 for any free one, or another --host'
        raise ProcessError(
            f'address {host}:{port}', f'cannot be used ({reason})', remedy
        ) from error


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _forward(request: Request, path: str, client: Streams, upstream: Streams) -> None:
    """Send a request on, then what both sides send, until one has nothing more to say."""
    lines = [f'GET {path} HTTP/1.1', *(f'{name}: {v}' for name, v in request.headers.items())]
    upstream[1].write('\r\n'.join([*lines, '', '']).encode('latin-1'))
    if not request.is_websocket:  # one page a connection: a second request would go unchecked
        client[1].write(await upstream[0].readuntil(b'\r\n') + ADDED_HEADERS)
        await _copy(upstream[0], client[1])
        return
    copies = [
        asyncio.ensure_future(_copy(client[0], upstream[1])),
        asyncio.ensure_future(_copy(upstream[0], client[1])),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK_BYTES):
        sink.write(data)
        await sink.drain()


def _refusal(reason: str) -> bytes:
    body = f'neural_ik view: {reason}.\n'.encode()
    head = (
        'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n'
        f'Content-Length: {len(body)}\r\nConnection: close\r\n\r\n'
    )
    return head.encode() + body
