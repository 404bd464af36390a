# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Helpers of the ROS tests: node processes, a peer to talk with them, a domain of one's own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

REPOSITORY = Path(__file__).resolve().parents[2]
WAIT_S = 20.0  # discovery alone may take 3 s, and machines are shared
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


def write_discovery_profile(folder: Path) -> Path:
    """Return a Fast DDS profile that announces often: discovery in 0.1 s instead of up to 3 s."""
    path = folder / 'discovery.xml'
    path.write_text(DISCOVERY_PROFILE, encoding='utf-8')
    return path


@contextlib.contextmanager
def reserved_domain() -> Iterator[int]:
    """Lend a domain id (1 to 101) that no other test run on this machine has."""
    for offset in range(101):
        domain_id = 1 + (os.getpid() + offset) % 101
        path = Path(tempfile.gettempdir()) / f'neural_ik_ros_domain_{domain_id}.lock'
        try:
            lock = path.open('w')
        except OSError:  # another user's
            continue
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if _is_silent(domain_id):
                yield domain_id
                return
    raise RuntimeError('all domains from 1 to 101 are taken')


def _is_silent(domain_id: int) -> bool:
    """Tell whether the first participant's port of a domain is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', 7400 + 250 * domain_id + 10))
        except OSError:
            return False
    return True


class NodeProcess:
    """A node in a process of its own: an executable of this package, or a script."""

    def __init__(
        self,
        executable: str,
        ros_args: Sequence[str],
        *,
        log: Path,
        environment: dict[str, str],
        script: str = '',
    ) -> None:
        python_path = [str(REPOSITORY), environment.get('PYTHONPATH', '')]
        environment['PYTHONPATH'] = os.pathsep.join(filter(None, python_path))
        entry = f'from neural_ik_ros.ros.executables import {executable} as main; exit(main())'
        code = script or entry
        command = [sys.executable, '-c', code]
        if ros_args:
            command += ['--ros-args', *ros_args]
        self._log = log
        with log.open('w') as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # a Ctrl-C at pytest is not for the node
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(errors='replace')

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_for_output(self, text: str, timeout_s: float = WAIT_S) -> None:
        """Wait until a text was written."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            assert self.is_running, self.output
            assert time.monotonic() < deadline, f'{text!r} never came:\n{self.output}'
            time.sleep(0.02)

    def wait_until_spinning(self, timeout_s: float = WAIT_S) -> None:
        """Wait until the node has its shared memory, so imports are over."""
        deadline = time.monotonic() + timeout_s
        while not self.shared_memory_files():
            assert self.is_running, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)
        time.sleep(0.2)

    def shared_memory_files(self) -> set[str]:
        """
        Return the files below /dev/shm that the process has mapped now.

        Without those of the ports from 7000 on, which all domains of a machine share.
        """
        try:
            maps = Path(f'/proc/{self.pid}/maps').read_text()
        except OSError:
            return set()
        files = re.findall(r'/dev/shm/fast(?:rtps|dds)\S+', maps)
        return {name for name in files if '_port70' not in name}

    def wait_until_it_takes_signals(self, timeout_s: float = WAIT_S) -> None:
        """Wait until it handles SIGTERM, which is long before it has imported its node."""
        bit = 1 << (signal.SIGTERM - 1)
        deadline = time.monotonic() + timeout_s
        while True:
            status = Path(f'/proc/{self.pid}/status').read_text()
            if int(re.findall(r'SigCgt:\s*(\S+)', status)[0], 16) & bit:
                return
            assert time.monotonic() < deadline, self.output
            time.sleep(0.001)

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        """Return the exit code."""
        return self._process.wait(timeout=timeout_s)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Return the exit code after a signal."""
        self.send(number)
        return self.wait()

    def end(self) -> None:
        """Make sure it is gone."""
        if not self.is_running:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def assert_clean_exit(process: NodeProcess, code: int) -> None:
    """Fail unless a process ended as it should: exit code 0 and nothing to complain about."""
    assert code == 0, process.output
    for word in ('Traceback', 'terminate called', 'Error', 'exception'):
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
            if time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        return True

    def spin_for(self, duration_s: float) -> None:
        self.spin_until(lambda: False, duration_s)

    def listen(self, message_type: type, topic: str, qos: QoSProfile | int = 100) -> list[Any]:
        """Return a list that fills with the messages of a topic."""
        messages: list[Any] = []
        self.node.create_subscription(message_type, topic, messages.append, qos)
        return messages

    def talk(self, message_type: type, topic: str, qos: QoSProfile | int = 10) -> Any:
        """Return a publisher that has a subscriber."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        assert self.spin_until(publisher.get_subscription_count), f'nobody listens to {topic}'
        self.spin_for(0.2)  # the other side needs to know as well
        return publisher

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """Return the response of a service."""
        client = self.node.create_client(service_type, name)
        assert self.spin_until(client.service_is_ready), f'no service {name}'
        future = client.call_async(request)
        assert self.spin_until(future.done), f'no answer from {name}'
        return future.result()

    def set_parameter(self, node: str, name: str, value: Any) -> Any:
        """Return the result (successful, reason) of setting a parameter of a node."""
        request = SetParametersAtomically.Request()
        request.parameters = [Parameter(name, value=value).to_parameter_msg()]
        response = self.call(SetParametersAtomically, f'{node}/set_parameters_atomically', request)
        return response.result
