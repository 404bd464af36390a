# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Helpers of the ROS tests: node processes, and a peer to talk with them."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import QoSProfile
from signals import takes_signals

from neural_ik_ros.ros.processes import node_process

WAIT_S = 20.0  # discovery alone may take 3 s, and machines are shared


class NodeProcess(node_process.NodeProcess):
    """A node in a process of its own, watched more closely than the demo does."""

    def wait_for_output(self, text: str, timeout_s: float = WAIT_S) -> bool:
        """Wait until a text was written."""
        assert super().wait_for_output(text, timeout_s), f'{text!r} never came:\n{self.output}'
        return True

    def shared_memory_files(self) -> set[str]:
        """
        Return the files in shared memory that DDS has open for this process.

        Without those of the ports from 7000 on, which all domains of a machine share.
        """
        maps = Path(f'/proc/{self.pid}/maps').read_text()
        files = re.findall(r'/dev/shm/fast(?:rtps|dds)\S+', maps)
        return {name for name in files if '_port70' not in name}

    def udp_addresses(self) -> set[str]:
        """Return the addresses of its UDP sockets."""
        descriptors = Path(f'/proc/{self.pid}/fd').iterdir()
        links = {str(path.readlink()) for path in descriptors if path.is_symlink()}
        rows = [line.split() for line in Path('/proc/net/udp').read_text().splitlines()[1:]]
        own = [row[1].split(':')[0] for row in rows if f'socket:[{row[9]}]' in links]
        return {socket.inet_ntoa(bytes.fromhex(one)[::-1]) for one in own}

    def wait_until_it_takes_signals(self, timeout_s: float = WAIT_S) -> None:
        """Wait until it handles SIGTERM, which is long before it has imported its node."""
        deadline = time.monotonic() + timeout_s
        while not takes_signals(self.pid):
            assert time.monotonic() < deadline, self.output
            time.sleep(0.001)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        """Return the exit code."""
        return super().wait(timeout_s)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Return the exit code after a signal."""
        self.send(number)
        return self.wait()


class ScriptProcess(NodeProcess):
    """A node that only a test has."""

    def __init__(self, name: str, *ros_args: str, script: str, **options: Any) -> None:
        self._script = script
        super().__init__(name, *ros_args, **options)

    def _code(self) -> str:
        return self._script


def assert_clean_exit(process: NodeProcess, code: int) -> None:
    """Fail unless a process ended as it should: exit code 0 and nothing to complain about."""
    assert code == 0, process.output
    for word in ('Traceback', 'terminate called', 'Error', 'exception', 'leaked'):
        assert word not in process.output, process.output


class Peer:
    """A node with its own context that waits for things, never longer than a bound."""

    def __init__(self, name: str = 'test_peer') -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node(name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def spin_until(self, is_done: Callable[[], Any], timeout_s: float = WAIT_S) -> bool:
        """Return whether a condition came true in time."""
        deadline = time.monotonic() + timeout_s
        while not is_done():
            left_s = deadline - time.monotonic()
            if left_s <= 0.0:
                return False
            self._executor.spin_once(timeout_sec=min(left_s, 0.05))
        return True

    def spin_for(self, duration_s: float) -> None:
        self.spin_until(lambda: False, duration_s)

    def listen(self, message_type: type, topic: str, qos: QoSProfile | int = 100) -> list[Any]:
        """Return a list that fills with the messages of a topic."""
        messages: list[Any] = []
        self.node.create_subscription(message_type, topic, messages.append, qos)
        return messages

    def talk(self, message_type: type, topic: str, qos: QoSProfile | int = 10) -> Any:
        """
        Return a publisher that its subscribers know.

        That this side has found them is not enough: a best-effort message is gone if they have
        not found the publisher yet.
        """
        publisher = self.node.create_publisher(message_type, topic, qos)
        assert self.spin_until(publisher.get_subscription_count), f'nobody listens to {topic}'
        assert self.spin_until(lambda: '_NODE_NAME_UNKNOWN_' not in str(self._listeners(topic)))
        for name in self._listeners(topic) - {self.node.get_fully_qualified_name()}:
            self._meet(name)
        return publisher

    def _listeners(self, topic: str) -> set[str]:
        """Return the full names of the nodes that subscribe to a topic."""
        found = self.node.get_subscriptions_info_by_topic(topic)
        return {f'{one.node_namespace.rstrip("/")}/{one.node_name}' for one in found}

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """Return the response of a service."""
        client = self.node.create_client(service_type, name)
        assert self.spin_until(client.service_is_ready), f'no service {name}'
        self._meet(name.rpartition('/')[0])
        future = client.call_async(request)
        assert self.spin_until(future.done), f'no answer from {name}'
        return future.result()

    def _meet(self, node: str) -> None:
        """
        Wait until a node knows everything that this one has created before.

        It learns of endpoints in the order of their creation, so it knows when it can answer a
        client that came last. Until then it drops its answers: hence the repetition.
        """
        client = self.node.create_client(GetParameters, f'{node}/get_parameters')
        assert self.spin_until(client.service_is_ready), f'no parameters of {node}'
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            future = client.call_async(GetParameters.Request())
            if self.spin_until(future.done, 1.0):
                return
        raise AssertionError(f'no answer from {node}')

    def set_parameter(self, node: str, name: str, value: Any) -> Any:
        """Return the result (successful, reason) of setting a parameter of a node."""
        return self.set_parameters(node, {name: value})

    def set_parameters(self, node: str, values: dict[str, Any]) -> Any:
        """Return the result (successful, reason) of setting parameters of a node together."""
        request = SetParametersAtomically.Request()
        request.parameters = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        response = self.call(SetParametersAtomically, f'{node}/set_parameters_atomically', request)
        return response.result

    def get_parameters(self, node: str, names: list[str]) -> list[Any]:
        """Return the values of parameters of a node."""
        request = GetParameters.Request(names=names)
        response = self.call(GetParameters, f'{node}/get_parameters', request)
        return [parameter_value_to_python(value) for value in response.values]
