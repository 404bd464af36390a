# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``bag_player``: the targets and joint states of a bag, with its clock, into a live node."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic_ns

from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import JointState

from ...interface.messages import fill_time
from ...interface.parameter_table import ParameterError, parameter
from ...replay.bag_reader import BagReader, Recorded
from ...replay.bag_types import JOINT_STATES, TARGET, Topics
from ...replay.play_clock import PlayClock
from ...units import NS_PER_S
from ..runtime import qos
from ..runtime.parameters import declare
from .answer_bag import ResponseBag
from .lifecycle_poller import LifecyclePoller

TICK_S = 0.001
CLOCK_NS = 2_000_000  # at least so often /clock tells the time, messages or not
LINGER_NS = NS_PER_S // 2  # for the last answers
TELL_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BagPlayerConfig:
    """Parameters of the node ``bag_player``."""

    bag: str = field(default='', metadata=parameter('Folder or file of the bag'))
    node: str = field(
        default='neural_ik',
        metadata=parameter('Node to play to, waited for until it is active'),
    )
    target_topic: str = field(
        default='', metadata=parameter('Targets in the bag; empty: as they are published')
    )
    joint_states_topic: str = field(
        default='', metadata=parameter('Joint states in the bag; empty: as they are published')
    )
    rate: float = field(
        default=1.0,
        metadata=parameter('How many times as fast as recorded', low=0.001, high=1000.0),
    )
    lock_step: bool = field(
        default=False,
        metadata=parameter('Hold the clock until the node has done with each message'),
    )
    loop: bool = field(
        default=False, metadata=parameter('Start again at the end; the clock jumps back')
    )
    answers: str = field(
        default='', metadata=parameter('Bag to write of what the node answers; empty for none')
    )

    def __post_init__(self) -> None:
        """Refuse what does not make sense together."""
        if not self.bag:
            raise ParameterError('bag', 'no bag given')
        if self.loop and self.answers:
            raise ParameterError('loop', 'answers are kept of one round only')


class BagPlayer(Node):
    """Plays the messages as they are in the bag, bytes unread by ROS, each at its time."""

    def __init__(self) -> None:
        super().__init__('bag_player')
        self._config = config = declare(self, BagPlayerConfig)
        self._name = self.resolve_topic_name(config.node)
        self._published = Topics.of_node(self._name)
        self._stack = ExitStack()
        self._reader = self._stack.enter_context(self._open())
        self._time = ClockMessage()
        self._times = self.create_publisher(ClockMessage, '/clock', qos.CLOCK_OUT)
        self._publishers_of = {
            role: self.create_publisher(kind, self._published.name(role), profile)
            for role, kind, profile in (
                (TARGET, PoseStamped, qos.POSE_OUT),
                (JOINT_STATES, JointState, qos.JOINT_STATES_OUT),
            )
        }
        self._answers = self._answer_bag()
        self._node = LifecyclePoller(self, self._name)
        self.is_finished = self._has_begun = False
        self._told_ns = 0
        self._begin_round()
        self.create_timer(TICK_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def before_exit(self) -> None:
        """Close everything; answers that are not complete are left out."""
        if self._answers is not None and not self.is_finished:
            self._answers.discard()
        self._stack.close()

    def _open(self) -> BagReader:
        config = self._config
        given = {TARGET: config.target_topic, JOINT_STATES: config.joint_states_topic}
        topics = {role: topic for role, topic in given.items() if topic}
        return BagReader(
            Path(config.bag).expanduser(), replace(self._published, **topics), wanted=()
        )

    def _answer_bag(self) -> ResponseBag | None:
        if not self._config.answers:
            return None
        folder = Path(self._config.answers).expanduser()
        return ResponseBag(self, folder, self._reader.storage, self._published, self._answered_ns)

    def _answered_ns(self) -> int:
        """Return the time of the bag, 0 before it plays."""
        return self._told_ns if self._has_begun else 0

    def _begin_round(self) -> None:
        self._messages = self._reader.messages()
        self._next: Recorded | None = next(self._messages)
        self._clock = PlayClock(
            self._next.time_ns, rate=self._config.rate, is_waiting=self._config.lock_step
        )
        self._n_played, self._begun_ns, self._ended_ns = 0, monotonic_ns(), 0

    def _tick(self) -> None:
        if self._node.is_waiting:
            self._node.remind()
        elif not self._has_begun:
            self._wait()
        elif self._next is None:
            self._end()
        else:
            self._play()

    def _wait(self) -> None:
        """Begin once the node is active and everybody knows each other."""
        is_heard = self._answers is None or self._answers.is_heard
        publishers = self._publishers_of.values()
        if (
            self._node.is_active
            and is_heard
            and all(p.get_subscription_count() for p in publishers)
        ):
            self._has_begun, self._begun_ns = True, monotonic_ns()
            self.get_logger().info(f'plays {self._reader.duration_ns / NS_PER_S:.1f} s')
            return
        text = f'waiting until {self._name} is active'
        self.get_logger().info(text, throttle_duration_sec=TELL_S, skip_first=True)
        self._node.ask_now_and_then()

    def _play(self) -> None:
        now_ns = self._clock.go_on(monotonic_ns())
        while self._next is not None and self._next.time_ns <= now_ns:
            self._tell_time(self._next.time_ns)
            self._publishers_of[self._next.role].publish(bytes(self._next.data))
            self._n_played += 1
            self._next = next(self._messages, None)
            if self._config.lock_step:
                self._node.ask()
                return
        if self._next is not None and now_ns - self._told_ns >= CLOCK_NS:
            self._tell_time(now_ns)

    def _tell_time(self, now_ns: int) -> None:
        self._told_ns = now_ns
        fill_time(self._time.clock, now_ns)
        self._times.publish(self._time)

    def _end(self) -> None:
        """Wait for the last answers, then begin again or finish; the clock stands still."""
        self._ended_ns = self._ended_ns or monotonic_ns()
        if monotonic_ns() - self._ended_ns < LINGER_NS:
            return
        duration_s = (self._ended_ns - self._begun_ns) / NS_PER_S
        self.get_logger().info(f'played {self._n_played} messages in {duration_s:.1f} s')
        if self._config.loop:
            self._begin_round()
            return
        if self._answers is not None:
            self._answers.close()
        self.is_finished = True
