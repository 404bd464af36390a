# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node on the clock of a bag: the same tracker, asked in the same order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..interface.messages import InvalidMessage, JointReader, target_from_pose
from ..kinematics import Joints, angular_distance
from ..motion import MotionState, Output, PoseTracker, Status
from ..solver import IkStatus
from ..units import NS_PER_S

QUIET_NS = 2 * NS_PER_S  # after which an arm at rest is not asked every period any more


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What the node says at a time, to a target or between targets."""

    now_ns: int
    output: Output
    target: Any | None  # the message that is answered
    motion: MotionState  # of the joints after the command
    is_news: bool  # another status than that of the answer before
    seed_errors: Joints | None  # (6,) [rad] from the proposal to the solution
    deviation: float | None  # [m] that the motion limits keep the tool from its target


class OfflineNode:
    """
    Does what the active node does; time comes with every message, there is no other clock.

    The timer of the node goes off at whole periods after the first message.
    """

    def __init__(
        self, tracker: PoseTracker, joint_names: list[str], tell: Callable[[Answer], None]
    ) -> None:
        """
        Start like the node after its activation.

        :param tell: Called with each answer that is not silence.
        """
        self._tracker, self._tell = tracker, tell
        self._joints = JointReader(joint_names)
        self._period_ns = round(NS_PER_S / tracker.config.rate_hz)
        self._next_tick_ns: int | None = None
        self._newest: Status | None = None
        self.n_unusable_joints = 0
        tracker.restart()

    def joints(self, message: Any, now_ns: int) -> None:
        """Take a joint state."""
        self.wait(now_ns)
        reading = self._joints.read(message)
        if isinstance(reading, InvalidMessage):
            self.n_unusable_joints += 1
            self._tracker.on_bad_joints(reading.reason)
        elif reading is not None:
            self._tracker.on_joints(reading.q, now_ns)

    def target(self, message: Any, now_ns: int) -> None:
        """Answer a target."""
        self.wait(now_ns)
        target = target_from_pose(message)
        if isinstance(target, InvalidMessage):
            output = Output(status=IkStatus.BAD_TARGET, detail=target.reason)
        else:
            output = self._tracker.on_target(
                target.transform, frame=target.frame_id, stamp_ns=target.stamp_ns, now_ns=now_ns
            )
        self._say(output, now_ns, target=message)
        if output.command is None:
            self._go_on(now_ns)

    def wait(self, now_ns: int) -> None:
        """Let the timer go off as often as it does until now."""
        if self._next_tick_ns is None:
            self._next_tick_ns = now_ns
        quiet_ns = self._next_tick_ns + QUIET_NS
        while self._next_tick_ns <= now_ns:
            self._go_on(self._next_tick_ns)
            self._next_tick_ns += self._period_ns
            if self._next_tick_ns > quiet_ns and self._tracker.is_at_rest(self._next_tick_ns):
                n_periods = max((now_ns - self._next_tick_ns) // self._period_ns, 0)
                self._next_tick_ns += n_periods * self._period_ns

    def end(self, now_ns: int) -> None:
        """End the motion as the node does when it is deactivated."""
        self.wait(now_ns)
        command = self._tracker.stop(now_ns)
        if command is not None:
            self._say(Output(status=IkStatus.SOLVED, command=command), now_ns)

    def _go_on(self, now_ns: int) -> None:
        output = self._tracker.on_tick(now_ns)
        if output is not None:
            self._say(output, now_ns)

    def _say(self, output: Output, now_ns: int, *, target: Any | None = None) -> None:
        is_told = target is not None or not output.status.is_solved
        is_news = is_told and output.status is not self._newest
        if is_told:
            self._newest = output.status
        self._tell(
            Answer(
                now_ns=now_ns,
                output=output,
                target=target,
                motion=self._tracker.generator.state,
                is_news=is_news,
                seed_errors=_seed_errors(output),
                deviation=None if output.deviation is None else output.deviation.position,
            )
        )


def _seed_errors(output: Output) -> Joints | None:
    solution = output.solution
    if solution is None or not output.status.is_solved:
        return None
    return angular_distance(solution.q_seed, solution.q)
