# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The streaming node on the clock of a bag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ConfigError
from ..interface.messages import InvalidMessage, JointReading, target_from_pose
from ..interface.node_config import NodeConfig
from ..interface.streaming_node import Observer, StreamingNode, Target
from ..kinematics import Joints, angular_distance
from ..motion import MotionState, Output
from ..units import NS_PER_S

QUIET_NS = 2 * NS_PER_S  # after which the ticks of an arm at rest are skipped


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """An output of the node, to a target or between targets, with the evidence for it."""

    now_ns: int
    output: Output
    target: Any | None  # the message that is answered
    motion: MotionState  # of the joints after the command
    seed_errors: Joints | None  # (6,) [rad] from the seed to the solution
    deviation: float | None  # [m] by which the motion limits keep the tool from its target


def unchecked(config: NodeConfig) -> NodeConfig:
    """
    Return a configuration without the checks of what an arm makes of the commands.

    The arm in a bag obeyed another node, on the clocks of that day.
    """
    return replace(config, max_following_error_rad=0.0, max_clock_offset_s=0.0)


class OfflineNode(Observer):
    """
    An active ``StreamingNode`` whose clock and timer follow the messages.

    Its ticks come at whole periods after the first message.
    """

    def __init__(
        self,
        config: NodeConfig,
        on_response: Callable[[Response], None],
        on_status: Callable[[Output, int], None],
        robot_description: str = '',
    ) -> None:
        """
        Start as the node does when it is activated.

        :param on_response: Called with each output.
        :param on_status: Called with each change of status and its time [ns].
        :param robot_description: A URDF that is received before the start; empty for none.
        :raises NeuralIkError: If the bundle, a parameter or the description cannot be used.
        """
        self._on_response, self._on_status = on_response, on_status
        self._now_ns, self._next_tick_ns = 0, -1
        self._message: Any = None  # the newest target
        self.n_invalid_joint_states = 0
        self.streaming = StreamingNode(
            unchecked(config),
            read_target=target_from_pose,
            now_ns=lambda: self._now_ns,
            robot_description=robot_description,
        )
        if robot_description:
            self.streaming.on_description(robot_description)
        if self.streaming.description.problem:
            raise _bad_description(self.streaming.description.problem)
        self._period_ns = round(NS_PER_S / self.streaming.tracker.config.rate_hz)
        self.streaming.add_observer(self)
        self.streaming.start()

    def send_joint_state(self, message: Any, now_ns: int) -> None:
        """Give the node a joint state at a time."""
        self.advance(now_ns)
        self.streaming.on_joint_state(message)

    def send_target(self, message: Any, now_ns: int) -> None:
        """Give the node a target at a time."""
        self.advance(now_ns)
        self._message = message
        self.streaming.on_target(message)

    def advance(self, now_ns: int) -> None:
        """Set the clock, after the ticks that are due until then."""
        if self._next_tick_ns < 0:
            self._next_tick_ns = now_ns
        quiet_ns = self._next_tick_ns + QUIET_NS
        while self._next_tick_ns <= now_ns:
            self._now_ns = self._next_tick_ns
            self.streaming.on_tick()
            self._next_tick_ns += self._period_ns
            if self._next_tick_ns > quiet_ns and self._is_at_rest():
                n_periods = max((now_ns - self._next_tick_ns) // self._period_ns, 0)
                self._next_tick_ns += n_periods * self._period_ns
        self._now_ns = now_ns

    def stop(self, now_ns: int) -> None:
        """End the motion at a time, as the node does when it is deactivated."""
        self.advance(now_ns)
        self.streaming.stop()

    def on_joint_state(self, reading: JointReading | InvalidMessage) -> None:
        """Count joint states that cannot be used."""
        self.n_invalid_joint_states += isinstance(reading, InvalidMessage)

    def on_output(self, output: Output, target: Target | None) -> None:
        """Pass an output on, with its evidence."""
        self._on_response(
            Response(
                now_ns=self._now_ns,
                output=output,
                target=None if target is None else self._message,
                motion=self.streaming.tracker.generator.state,
                seed_errors=_seed_errors(output),
                deviation=None if output.deviation is None else output.deviation.position,
            )
        )

    def on_status_change(self, output: Output) -> None:
        """Pass a change of status on."""
        self._on_status(output, self._now_ns)

    def _is_at_rest(self) -> bool:
        return self.streaming.tracker.is_at_rest(self._next_tick_ns)


def _bad_description(problem: str) -> ConfigError:
    remedy = 'give the URDF that the node received (--robot-description)'
    return ConfigError('replay', problem.rstrip('.'), remedy)


def _seed_errors(output: Output) -> Joints | None:
    solution = output.solution
    if solution is None or not output.status.is_solved:
        return None
    return angular_distance(solution.q_seed, solution.q)
