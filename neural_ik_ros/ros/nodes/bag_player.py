# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``bag_player``: plays the targets and joint states of a bag, with its clock, to a node."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic_ns

from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import JointState

from ...interface.messages import fill_time
from ...interface.parameter_schema import bad_parameter, parameter
from ...replay.bag_reader import BagReader, RecordedMessage
from ...replay.bag_types import JOINT_STATES, TARGET, Topics
from ...replay.play_clock import PlayClock
from ...units import NS_PER_S
from ..runtime import qos
from ..runtime.parameters import declare_parameters
from .lifecycle_poller import LifecyclePoller
from .response_bag import ResponseBag

TICK_S = 0.001
CLOCK_PERIOD_NS = 2_000_000  # of /clock while no messages are due
LINGER_NS = NS_PER_S // 2  # for the last responses
LOG_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BagPlayerConfig:
    """Parameters of the node ``bag_player``."""

    bag: str = parameter('', 'Folder or file of the bag')
    node: str = parameter('neural_ik', 'Node to play to; playing begins when it is active')
    target_topic: str = parameter('', 'Topic of the targets in the bag; empty: that of the node')
    joint_states_topic: str = parameter(
        '', 'Topic of the joint states in the bag; empty: that of the node'
    )
    rate: float = parameter(1.0, 'Speed relative to the recording', low=0.001, high=1000.0)
    lock_step: bool = parameter(False, 'Hold the clock until the node has processed each message')
    loop: bool = parameter(False, 'Start again at the end; the clock jumps back')
    responses: str = parameter('', 'Bag to write with the responses of the node; empty: none')

    def __post_init__(self) -> None:
        """Refuse values that exclude each other."""
        if not self.bag:
            raise bad_parameter('bag', 'no bag given')
        if self.loop and self.responses:
            raise bad_parameter('loop', 'responses are recorded in one round only')


class BagPlayer(Node):
    """Publishes the serialised messages of the bag, each at its time."""

    def __init__(self) -> None:
        super().__init__('bag_player')
        self._config = config = declare_parameters(self, BagPlayerConfig)
        self._name = self.resolve_topic_name(config.node)
        self._published = Topics.of_node(self._name)
        self._stack = ExitStack()
        self._reader = self._stack.enter_context(self._open())
        self._time = ClockMessage()
        self._clock_publisher = self.create_publisher(ClockMessage, '/clock', qos.CLOCK_OUT)
        self._publishers_of = {
            role: self.create_publisher(kind, self._published.name(role), profile)
            for role, kind, profile in (
                (TARGET, PoseStamped, qos.POSE_OUT),
                (JOINT_STATES, JointState, qos.JOINT_STATES_OUT),
            )
        }
        self._responses = self._response_bag()
        self._node = LifecyclePoller(self, self._name)
        self.is_finished = self._has_begun = False
        self._clock_ns = 0  # on /clock
        self._begin_round()
        self.create_timer(TICK_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def before_exit(self) -> None:
        """Close the bags; incomplete responses are discarded."""
        if self._responses is not None and not self.is_finished:
            self._responses.discard()
        self._stack.close()

    def _open(self) -> BagReader:
        config = self._config
        given = {TARGET: config.target_topic, JOINT_STATES: config.joint_states_topic}
        topics = {role: topic for role, topic in given.items() if topic}
        return BagReader(
            Path(config.bag).expanduser(), replace(self._published, **topics), wanted=()
        )

    def _response_bag(self) -> ResponseBag | None:
        if not self._config.responses:
            return None
        folder = Path(self._config.responses).expanduser()
        return ResponseBag(self, folder, self._reader.storage, self._published, self._recording_ns)

    def _recording_ns(self) -> int:
        """Return the time of the bag [ns], 0 before it plays."""
        return self._clock_ns if self._has_begun else 0

    def _begin_round(self) -> None:
        self._messages = self._reader.messages()
        self._next: RecordedMessage | None = next(self._messages)
        self._play_clock = PlayClock(
            self._next.time_ns, rate=self._config.rate, is_lock_step=self._config.lock_step
        )
        self._n_played, self._begun_ns, self._ended_ns = 0, monotonic_ns(), 0

    def _tick(self) -> None:
        if self._node.is_waiting:
            self._node.retry()
        elif not self._has_begun:
            self._wait()
        elif self._next is None:
            self._end()
        else:
            self._play()

    def _wait(self) -> None:
        """Begin when the node is active and all topics are connected."""
        is_connected = self._responses is None or self._responses.is_connected
        publishers = self._publishers_of.values()
        if (
            self._node.is_active
            and is_connected
            and all(p.get_subscription_count() for p in publishers)
        ):
            self._has_begun, self._begun_ns = True, monotonic_ns()
            self.get_logger().info(f'plays {self._reader.duration_ns / NS_PER_S:.1f} s')
            return
        text = f'waiting until {self._name} is active'
        self.get_logger().info(text, throttle_duration_sec=LOG_PERIOD_S, skip_first=True)
        self._node.poll_periodically()

    def _play(self) -> None:
        now_ns = self._play_clock.advance(monotonic_ns())
        while self._next is not None and self._next.time_ns <= now_ns:
            self._publish_clock(self._next.time_ns)
            self._publishers_of[self._next.role].publish(bytes(self._next.data))
            self._n_played += 1
            self._next = next(self._messages, None)
            if self._config.lock_step:
                self._node.poll()
                return
        if self._next is not None and now_ns - self._clock_ns >= CLOCK_PERIOD_NS:
            self._publish_clock(now_ns)

    def _publish_clock(self, now_ns: int) -> None:
        self._clock_ns = now_ns
        fill_time(self._time.clock, now_ns)
        self._clock_publisher.publish(self._time)

    def _end(self) -> None:
        """Wait for the last responses, then begin again or finish; the clock stands still."""
        self._ended_ns = self._ended_ns or monotonic_ns()
        if monotonic_ns() - self._ended_ns < LINGER_NS:
            return
        duration_s = (self._ended_ns - self._begun_ns) / NS_PER_S
        self.get_logger().info(f'played {self._n_played} messages in {duration_s:.1f} s')
        if self._config.loop:
            self._begin_round()
            return
        if self._responses is not None:
            self._responses.close()
        self.is_finished = True
