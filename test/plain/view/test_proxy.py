# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The guard in front of the page: who gets through, and who is told why not."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_ik_ros.errors import ProcessError
from neural_ik_ros.view.proxy import (
    GuardedProxy,
    RefusedError,
    hidden_loopback,
    parse_request,
    require_allowed,
)

TOKEN, HOST = 'token', '127.0.0.1:8080'
NAMES = frozenset({'localhost', 'robot-pc'})
TIMEOUT_S = 20.0
UPGRADE = ('Upgrade: websocket', 'Connection: Upgrade')


class Upstream(socketserver.ThreadingTCPServer):
    """Answers a request with a page, or echoes what follows a WebSocket's; keeps the heads."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self) -> None:
        self.heads: list[str] = []
        super().__init__(('127.0.0.1', 0), Handler)


class Handler(socketserver.BaseRequestHandler):
    server: Upstream

    def handle(self) -> None:
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            head += self.request.recv(1)
        self.server.heads.append(head.decode())
        if b'websocket' not in head:
            self.request.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage')
            return
        self.request.sendall(b'HTTP/1.1 101 Switching Protocols\r\n\r\n')
        while data := self.request.recv(1024):
            self.request.sendall(data)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[GuardedProxy]:
    guard = GuardedProxy(host='127.0.0.1', port=0, upstream=upstream.server_address)
    yield guard
    guard.close()


def connected(proxy: GuardedProxy, path: str, *headers: str) -> socket.socket:
    """Return a connection that has sent a request."""
    connection = socket.create_connection(('127.0.0.1', proxy.port), TIMEOUT_S)
    lines = [f'GET {path} HTTP/1.1', f'Host: 127.0.0.1:{proxy.port}', *headers, '', '']
    connection.sendall('\r\n'.join(lines).encode())
    return connection


def everything_from(connection: socket.socket) -> str:
    with connection:
        data = b''
        while more := connection.recv(65536):
            data += more
    return data.decode()


def origin_of(proxy: GuardedProxy) -> str:
    return f'Origin: http://127.0.0.1:{proxy.port}'


def test_page_is_served_below_the_token_only(proxy, upstream):
    page = everything_from(connected(proxy, f'/{proxy.token}/'))
    assert page.startswith('HTTP/1.1 200 OK\r\n')
    assert page.endswith('page')
    assert 'no-referrer' in page  # the token must not leave in the header Referer
    assert "frame-ancestors 'none'" in page
    assert upstream.heads[0].startswith('GET / HTTP/1.1\r\n')
    for path in ('/', '/index.html', f'/{proxy.token}x/', f'/x/{proxy.token}/'):
        refusal = everything_from(connected(proxy, path))
        assert refusal.startswith('HTTP/1.1 403 ')
        assert 'token' in refusal
    assert len(upstream.heads) == 1


def test_websocket_of_the_page_passes_both_ways(proxy):
    with connected(proxy, f'/{proxy.token}', *UPGRADE, origin_of(proxy)) as connection:
        assert b'101' in connection.recv(1024)
        for data in (b'\x00frame', b'x' * 1000):
            connection.sendall(data)
            received = b''
            while len(received) < len(data):
                received += connection.recv(1024)
            assert received == data


@pytest.mark.parametrize(
    'headers',
    [
        (),
        ('Origin: http://evil.example',),
        ('Origin: null',),
        ('Origin: https://127.0.0.1:{port}',),
        ('Origin: http://127.0.0.1:1',),
        ('Origin: http://localhost:{port}',),
        ('Origin: http://127.0.0.1:{port}', 'Origin: http://evil.example'),
    ],
)
def test_websocket_of_another_page_is_refused_even_with_the_token(proxy, upstream, headers):
    sent = [header.format(port=proxy.port) for header in headers]
    answer = everything_from(connected(proxy, f'/{proxy.token}', *UPGRADE, *sent))
    assert answer.startswith('HTTP/1.1 403 ')
    assert not upstream.heads


def test_second_request_of_a_connection_is_not_forwarded(proxy, upstream):
    with connected(proxy, f'/{proxy.token}/') as connection:
        connection.sendall(b'GET /unchecked HTTP/1.1\r\nHost: x\r\n\r\n')
        everything_from(connection)
    assert len(upstream.heads) == 1


@pytest.mark.parametrize(
    'host', ['evil.example', 'evil.example:8080', '', 'localhost.evil.example', '1.2.3.4.evil:80']
)
def test_names_that_are_not_of_this_machine_are_refused(host):
    head = f'GET /{TOKEN}/ HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode()
    with pytest.raises(RefusedError, match='host'):
        require_allowed(parse_request(head), TOKEN, NAMES)


@pytest.mark.parametrize('host', ['localhost:8080', 'robot-pc:8080', HOST, '[::1]:8080', '[::1]'])
def test_names_and_addresses_of_this_machine_are_accepted(host):
    head = f'GET /{TOKEN}/a/b?c=/d HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode()
    assert require_allowed(parse_request(head), TOKEN, NAMES) == '/a/b'


@pytest.mark.parametrize(
    'head',
    [
        b'POST / HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.0\r\n\r\n',
        b'GET http://x/ HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.1\r\nno colon\r\n\r\n',
        b'GET / HTTP/1.1\r\n folded: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n',
        b'GET / HTTP/1.1\nHost: x\r\n\r\n',
        b'\r\n\r\n',
    ],
)
def test_malformed_requests_are_refused(head):
    with pytest.raises(RefusedError):
        parse_request(head)


@given(head=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(head):
    try:
        request = parse_request(head + b'\r\n\r\n')
    except RefusedError:
        return
    assert request.path.startswith('/')
    forwarded = [request.path, *request.headers, *request.headers.values()]
    assert not any(c in text for text in forwarded for c in '\r\n\0')


def test_close_ends_open_connections(upstream):
    guard = GuardedProxy(host='127.0.0.1', port=0, upstream=upstream.server_address)
    waiting = socket.create_connection(('127.0.0.1', guard.port), TIMEOUT_S)
    with connected(guard, f'/{guard.token}', *UPGRADE, origin_of(guard)) as connection, waiting:
        assert connection.recv(1024)
        guard.close()
        assert connection.recv(1024) == b''
        assert waiting.recv(1024) == b''


def test_taken_port_is_refused_with_the_remedy(proxy, upstream):
    with pytest.raises(ProcessError, match=f'{proxy.port}.*--port'):
        GuardedProxy(host='127.0.0.1', port=proxy.port, upstream=upstream.server_address)


def test_upstream_that_is_gone_ends_the_connection(upstream):
    guard = GuardedProxy(host='127.0.0.1', port=0, upstream=('127.0.0.1', 1))
    assert everything_from(connected(guard, f'/{guard.token}/')) == ''
    guard.close()


def test_tokens_and_hidden_addresses_are_not_repeated():
    addresses = {hidden_loopback() for _ in range(50)}
    assert len(addresses) > 45
    assert all(address.startswith('127.') for address in addresses)
