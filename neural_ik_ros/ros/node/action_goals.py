# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motions as goals of control_msgs/action/FollowJointTrajectory, and the state of the newest."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node

from ...errors import MissingLibraryError
from ...interface.messages import ns_from_time
from ...units import S_PER_NS
from ..runtime.guards import described
from .control_interfaces import FollowJointTrajectory

SENT, ACCEPTED = 'sent', 'accepted'
RESPONSE_TIMEOUT_S = 3.0  # from a goal to its acceptance
FEEDBACK_TIMEOUT_S = 1.0  # joint_trajectory_controller sends 20 a second
MISSED_FEEDBACK = 5  # in a row, from a server that sends it less often
RESULT_TIMEOUT_S = 5.0  # after the end of the motion, from a server that sends no feedback
ENDINGS = {GoalStatus.STATUS_CANCELED: 'cancelled', GoalStatus.STATUS_ABORTED: 'aborted'}
REMEDY = (
    'install it with sudo apt install ros-$ROS_DISTRO-control-msgs, '
    'or set output_mode to trajectory'
)


class Goals:
    """
    Sends motions as goals, each in place of the one before, and tracks the newest one.

    The old goal is not cancelled first: joint_trajectory_controller ends it when a new one comes
    and continues from where the arm is; a cancel would halt the arm at once.

    A controller that dies reports no failure: ``watch`` finds that out.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        *,
        on_update: Callable[[], None],
        on_failure: Callable[[str], None],
        now_ns: Callable[[], int] = monotonic_ns,
    ) -> None:
        """
        Look for an action server.

        :param on_update: Called when the newest goal is accepted and when it is reached.
        :param on_failure: Called with the reason when the newest goal fails.
        :param now_ns: A steady clock [ns]; simulated time may stand still.
        :raises MissingLibraryError: If control_msgs is not installed.
        """
        if FollowJointTrajectory is None:
            raise MissingLibraryError('control_msgs', REMEDY)
        self._name = node.resolve_service_name(name)
        self._on_update, self._on_failure, self._now_ns = on_update, on_failure, now_ns
        self._client = ActionClient(node, FollowJointTrajectory, name)
        self._sent_ns = self._heard_ns = now_ns()
        self._number = 0  # of the newest goal; what comes for others is of no interest
        self._reset('none')

    def destroy(self) -> None:
        """Destroy the action client."""
        self._client.destroy()

    def send(self, trajectory: Any) -> None:
        """Send a trajectory message in place of whatever is under way."""
        self._number += 1
        self._reset(SENT)
        self._trajectory, self._sent_ns = trajectory, self._now_ns()
        if not self._client.server_is_ready():
            self._fail(f'there is no action server {self._name}')
            return
        number = self._number

        def if_newest(callback: Callable[[Any], None]) -> Callable[[Any], None]:
            def guarded(event: Any) -> None:
                try:
                    if number == self._number:
                        callback(event)
                except Exception as error:  # noqa: BLE001  it would end the process
                    self._fail(described(error))

            return guarded

        def on_response(future: Any) -> None:
            handle = future.result()
            if not handle.accepted:
                self._fail('the controller rejected it')
                return
            self._heard_ns = self._now_ns()
            self._set_state(ACCEPTED)
            handle.get_result_async().add_done_callback(if_newest(self._on_result))

        goal = FollowJointTrajectory.Goal(trajectory=trajectory)
        sent = self._client.send_goal_async(goal, if_newest(self._on_feedback))
        sent.add_done_callback(if_newest(on_response))

    def watch(self) -> None:
        """Fail the newest goal if its server has gone or gone silent; call it now and then."""
        if self._state not in (SENT, ACCEPTED):
            return
        if not self._client.server_is_ready():
            self._fail(f'the action server {self._name} has gone')
            return
        now_ns = self._now_ns()
        silent_s = (now_ns - self._heard_ns) * S_PER_NS
        if self._state is SENT:
            if silent_s > RESPONSE_TIMEOUT_S:
                self._fail(f'the controller has not answered for {silent_s:.1f} s')
        elif self._n_feedback > 1:
            usual_s = MISSED_FEEDBACK * self._longest_gap_ns * S_PER_NS
            if silent_s > max(FEEDBACK_TIMEOUT_S, usual_s):
                self._fail(f'the controller has sent no feedback for {silent_s:.1f} s')
        else:
            duration_ns = ns_from_time(self._trajectory.points[-1].time_from_start)
            late_s = (now_ns - self._sent_ns - duration_ns) * S_PER_NS
            if late_s > RESULT_TIMEOUT_S:
                self._fail(f'the controller has sent no result for {late_s:.1f} s')

    def diagnostic_values(self) -> dict[str, str]:
        """Return state and feedback of the newest goal, as values of diagnostics."""
        return {
            'goal': self._state,
            'goal time [s]': f'{self._time_s:.3f}',
            'goal error [rad]': f'{self._error:.4f}',
        }

    def _reset(self, state: str) -> None:
        self._state = state
        self._time_s, self._error = 0.0, 0.0
        self._heard_ns, self._n_feedback, self._longest_gap_ns = self._now_ns(), 0, 0

    def _set_state(self, state: str) -> None:
        self._state = state
        self._on_update()

    def _fail(self, reason: str) -> None:
        self._number += 1
        self._state = f'failed: {reason}'
        self._on_failure(reason)

    def _on_feedback(self, message: Any) -> None:
        now_ns = self._now_ns()
        if self._n_feedback > 0:
            self._longest_gap_ns = max(self._longest_gap_ns, now_ns - self._heard_ns)
        self._heard_ns, self._n_feedback = now_ns, self._n_feedback + 1
        time_from_start = message.feedback.desired.time_from_start
        self._time_s = S_PER_NS * ns_from_time(time_from_start)
        self._error = max(map(abs, message.feedback.error.positions), default=0.0)

    def _on_result(self, future: Any) -> None:
        response = future.result()
        if response.status == GoalStatus.STATUS_SUCCEEDED:
            self._set_state('succeeded')
            return
        ending = ENDINGS.get(response.status, f'ended with status {response.status}')
        code, text = response.result.error_code, response.result.error_string
        self._fail(f'{ending}, error code {code} {text}'.rstrip())
