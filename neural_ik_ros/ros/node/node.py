# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Node ``neural_ik``: target poses and joint states in, checked joint trajectories out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from ...errors import NeuralIkError
from ...interface.messages import InvalidMessage, JointReading, PoseTarget
from ...interface.node_config import NodeConfig
from ...interface.node_statistics import REPORTS_WITHOUT_JOINTS
from ...interface.runtime.scheduling import apply_realtime, cpus_from_text
from ...interface.runtime.throttle import WarningThrottle
from ...interface.streaming_node import Observer, StreamingNode, Target
from ...kinematics.urdf.target_frames import TargetFrames
from ...motion import ACTION, Health, Output
from ..moveit.service import IkService
from ..runtime import qos
from ..runtime.clock import now_ns
from ..runtime.frames import Frames
from ..runtime.guards import described, logged_callback, logged_transition, run_all
from ..runtime.parameters import declare_known_parameters, refuse_unknown_parameters
from ..runtime.process import freeze_heap
from .arm_services import NOT_ACTIVE, ArmServices
from .controller_state import ControllerState
from .diagnostics import no_joint_states_warning
from .publishers import Publishers
from .serialisation import target_from_bytes
from .subscriptions import Subscriptions

REPORT_PERIOD_S = 1
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class NeuralIkNode(LifecycleNode):
    """
    The ROS side of ``StreamingNode``: topics, timers, parameters and life cycle.

    Configure loads and verifies the bundle, activate starts answering targets from the measured
    joints, deactivate ends the motion smoothly.
    """

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        """
        Declare the parameters, and start if ``autostart`` is set.

        :param observers: Called after the publishers, for measurements.
        """
        super().__init__('neural_ik')
        self._clock = self.get_clock()
        self._is_configured = False
        self._entities: list[Any] = []  # what configure made
        self._frames_logged: TargetFrames | None = None
        self._throttle = WarningThrottle(self.get_logger())
        self._observers = tuple(observers)
        self._config = declare_known_parameters(
            self, NodeConfig, on_change=self._on_parameters, validate=self._parameter_problem
        )
        apply_realtime(self._config.realtime_priority, cpus_from_text(self._config.cpu_affinity))
        self._must_start = self._config.autostart
        self._received_arm = ''  # description of the arm to solve for, if that is the received one
        if self._config.takes_received_arm:
            callback = logged_callback(self._on_arm, self._throttle)
            self.create_subscription(String, 'robot_description', callback, qos.ROBOT_DESCRIPTION)
            self.get_logger().info('the arm is the one of robot_description')
        elif self._must_start:
            self._configure_and_start()

    @logged_transition
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and verify everything; stay unconfigured, with the reason in the log, if not."""
        try:
            refuse_unknown_parameters(self, NodeConfig)
            self._make_entities()
        except NeuralIkError as error:
            return self._configure_failed(str(error))
        except Exception as error:  # noqa: BLE001  rclpy would swallow it
            return self._configure_failed(described(error))
        freeze_heap()
        self._is_configured = True
        solver = self._streaming.tracker.solver
        sources = ', '.join(solver.seed_sources)
        network = ', without a network' if self._config.urdf else ''
        self.get_logger().info(
            f'ready for {solver.arm.name}{network}; seeds in this order: {sources}'
        )
        return super().on_configure(state)

    @logged_transition
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer targets from now on; nothing is published before one arrives."""
        if self._streaming.description.problem:
            self.get_logger().error(f'not activated: {self._streaming.description.problem}')
            return FAILURE
        super().on_activate(state)
        self._must_start = False
        self._streaming.start()
        self._use_frames()
        self._streaming.report_status()
        return SUCCESS

    @logged_transition
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the motion smoothly and answer no more targets."""
        self._stop()
        return super().on_deactivate(state)

    @logged_transition
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unload what configure loaded."""
        self._destroy_entities()
        return super().on_cleanup(state)

    @logged_transition
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the motion smoothly, whatever state the node is in."""
        run_all(self.get_logger(), self._stop_and_flush, self._destroy_entities)
        return super().on_shutdown(state)

    @logged_transition
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End the motion smoothly; return to unconfigured with nothing left over."""
        run_all(self.get_logger(), self._stop_and_flush, self._destroy_entities)
        return super().on_error(state)

    def before_exit(self) -> None:
        """End the motion smoothly when the process is about to end."""
        run_all(self.get_logger(), self._stop_and_flush)

    def destroy_node(self) -> None:
        """End the thread of the service, too."""
        self._destroy_entities()
        super().destroy_node()

    def _configure_and_start(self) -> None:
        if self.trigger_configure() is SUCCESS:
            self._start()

    def _on_arm(self, message: String) -> None:
        """Note the arm to solve for; a configured node keeps the one that it has."""
        self._received_arm = message.data
        if self._must_start and not self._is_configured:
            self._configure_and_start()

    def _start(self) -> None:
        """Activate, or wait for the robot description."""
        description = self._streaming.description
        if description.is_waiting:
            self.get_logger().warning(f'waits for robot_description: {description.problem}')
            return
        self._must_start = False
        self.trigger_activate()

    def _make_entities(self) -> None:
        config = self._config
        self._streaming = streaming = StreamingNode(
            config,
            read_target=target_from_bytes,
            now_ns=self._now_ns,
            to_base=self._to_base,
            robot_description=self._received_arm,
        )
        sends_goals = config.output_mode == ACTION
        self._outputs = Publishers(self, streaming, sends_goals=sends_goals)
        self._entities.append(self._outputs)
        for observer in (self._outputs, ProblemLog(self._throttle), *self._observers):
            streaming.add_observer(observer)
        self._frames = Frames(self, streaming.description.base_link, uses_tf=config.use_tf)
        self._entities.append(self._frames)
        on_target, on_twist = map(self._guarded, (streaming.on_target, streaming.on_twist))
        on_joints, on_description = map(
            self._guarded, (streaming.on_joint_state, self._on_description)
        )
        subscriptions = (
            (PoseStamped, '~/target_pose', on_target, qos.POSE_IN, True),
            (TwistStamped, '~/target_twist', on_twist, qos.TWIST_IN, False),
            (JointState, 'joint_states', on_joints, qos.JOINT_STATES_IN, False),
            (String, 'robot_description', on_description, qos.ROBOT_DESCRIPTION, False),
        )
        timers = (
            (1.0 / config.rate_hz, self._guarded(streaming.on_tick)),
            (REPORT_PERIOD_S, logged_callback(self._on_report, self._throttle)),
        )
        self._inputs = Subscriptions(self, subscriptions, timers)
        self._entities.append(self._inputs)  # the service may yet fail
        self._service = IkService(self, config, streaming.description, self._frames)
        self._entities.append(self._service)
        self._controller_state = ControllerState(self, streaming)
        self._entities.append(self._controller_state)
        self._entities.append(ArmServices(self, stop=self._hold, resume=self._resume))

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Return a callback of which nothing escapes: what does ends the motion smoothly."""
        on_error = self._streaming.on_internal_error
        return logged_callback(callback, self._throttle, on_error)

    def _configure_failed(self, reason: str) -> TransitionCallbackReturn:
        self._destroy_entities()
        self.get_logger().error(f'not configured: {reason}')
        return FAILURE

    def _destroy_entities(self) -> None:
        destroy_all = [entity.destroy for entity in reversed(self._entities)]
        self._entities, self._is_configured = [], False
        run_all(self.get_logger(), *destroy_all)

    @property
    def _is_active(self) -> bool:
        return self._is_configured and self._streaming.is_active

    def _parameter_problem(self, _config: NodeConfig) -> str:
        """Return why parameters cannot change now, or nothing."""
        is_free = not self._is_configured or self._streaming.accepts_parameters
        return '' if is_free else 'the arm moves; set parameters while it is at rest'

    def _on_parameters(self, config: NodeConfig) -> None:
        if self._is_configured:
            self._streaming.reconfigure(config)
            self._service.update(config, self._streaming.description)
            self._use_frames()
        self._config = config

    def _on_description(self, message: String) -> None:
        if not self._streaming.on_description(message.data):
            return
        description = self._streaming.description
        self._service.update(self._config, description)
        self._use_frames()
        if not description.problem and self._must_start:
            self._start()
        elif description.problem and not self._is_active:
            self._throttle.warn('robot_description', description.problem)

    def _use_frames(self) -> None:
        """Publish in the frame that targets are given in, and say which that is."""
        frames = self._streaming.frames
        self._outputs.set_frame(frames.base_frame)
        if frames is not self._frames_logged:
            self.get_logger().info(f'targets are poses of {frames.summary}')
        self._frames_logged = frames

    def _on_report(self) -> None:
        if not self._is_active:
            return
        streaming = self._streaming
        self._controller_state.look()
        self._outputs.watch_goals()
        streaming.on_report()
        if streaming.statistics.count_report():
            seconds = REPORTS_WITHOUT_JOINTS * REPORT_PERIOD_S
            n_other, publishers = (
                streaming.statistics.n_other_joints,
                self._inputs.diagnostic_values(),
            )
            self.get_logger().warning(no_joint_states_warning(seconds, n_other, publishers))
        self._publish_report(streaming.health)

    def _publish_report(self, health: Health) -> None:
        statistics = self._streaming.statistics
        values = (
            statistics.diagnostic_values(health)
            | self._streaming.postures.diagnostic_values()
            | self._streaming.frames.diagnostic_values()
            | self._service.diagnostic_values()
            | self._outputs.diagnostic_values()
            | self._inputs.diagnostic_values()
        )
        self._outputs.publish_report(statistics.newest, values)

    def _to_base(self, target: PoseTarget, now_ns: int) -> Target:
        timeout_s = self._config.target_timeout_s
        return self._frames.to_base(target, now_ns=now_ns, timeout_s=timeout_s)

    def _hold(self) -> str:
        if not self._is_active:
            return NOT_ACTIVE
        self._streaming.hold()
        return ''

    def _resume(self) -> str:
        return self._streaming.resume() if self._is_active else NOT_ACTIVE

    def _now_ns(self) -> int:
        return now_ns(self._clock)

    def _stop_and_flush(self) -> None:
        if self._is_active:
            self._stop()
            self._outputs.wait_for_acknowledgement()

    def _stop(self) -> None:
        if not self._is_active:
            return
        health = self._streaming.health  # before the stop, which clears it
        self._streaming.stop()
        self._publish_report(health)
        self._streaming.report_inactive()


class ProblemLog(Observer):
    """Logs what cannot be used and what ended a motion, at a bounded rate."""

    def __init__(self, throttle: WarningThrottle) -> None:
        self._throttle = throttle

    def on_joint_state(self, reading: JointReading | InvalidMessage) -> None:
        """Log why a joint state is not used."""
        if isinstance(reading, InvalidMessage):
            self._throttle.warn('joint_states', f'joint state not used: {reading.reason}')

    def on_output(self, output: Output, target: Target | None) -> None:
        """Log a refused target, or the end of a motion by a fault."""
        if not output.status.is_solved:
            event = 'motion ended' if target is None else 'target refused'
            self._throttle.warn(output.status.name, f'{event}: {output.reason}')
