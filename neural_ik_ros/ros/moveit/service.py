# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The GetPositionIK service, in a thread of its own, so that the control loop never waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Event, Thread
from time import perf_counter_ns
from typing import Any

from rclpy.exceptions import InvalidServiceNameException
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name

from ...interface.description_check import DescriptionCheck
from ...interface.factory import load_predictor, make_service_solver
from ...interface.messages import InvalidMessage, PoseTarget
from ...interface.moveit_codes import MoveItCode
from ...interface.node_config import NodeConfig
from ...interface.parameter_schema import bad_parameter
from ...interface.position_ik import IkReply, PositionIkHandler, RobotNames, fill_code
from ...interface.runtime.throttle import WarningThrottle
from ...interface.statistics import Window
from ..runtime.frames import Frames
from ..runtime.guards import described
from ..runtime.process import make_executor, spin
from .moveit_interfaces import GetPositionIK
from .state_validity import StateValidity

MISSING = (
    'no service {name}: moveit_msgs cannot be imported. Install it with '
    'sudo apt install ros-$ROS_DISTRO-moveit-msgs, or set ik_service to "".'
)
UNLOGGED = (MoveItCode.SUCCESS, MoveItCode.NO_IK_SOLUTION)


class IkService:
    """
    Serves GetPositionIK where it is enabled and moveit_msgs is installed; else does nothing.

    It shares nothing with the control loop but the Python interpreter: it has its own network,
    node, executor and thread. In rclpy a callback group cannot have an executor of its own, hence
    the node.
    """

    def __init__(
        self, node: Node, config: NodeConfig, description_check: DescriptionCheck, frames: Frames
    ) -> None:
        """
        Start serving.

        :param node: Gives the namespace, the remappings and the logger.
        :raises NeuralIkError: If the bundle cannot be used or the service name is invalid.
        """
        self._frames, self._thread = frames, None
        self._durations_ms, self._counts = Window(), Counter[MoveItCode]()
        self._throttle = WarningThrottle(node.get_logger())
        if not config.ik_service:
            return
        if GetPositionIK is None:
            node.get_logger().info(MISSING.format(name=config.ik_service), once=True)
            return
        name = _resolved(node, 'ik_service', config.ik_service)
        self._predictor = load_predictor(config)
        self._validity = _state_validity(node, config)
        try:
            self.update(config, description_check)
            self._service_node = _make_node(node, name, self._answer)
        except Exception:
            self._destroy_validity()
            raise
        self._executor, self._is_over = make_executor(), Event()
        self._executor.add_node(self._service_node)
        self._thread = Thread(target=self._serve, name=name)
        self._thread.start()

    def update(self, config: NodeConfig, description_check: DescriptionCheck) -> None:
        """Use other parameters or another geometry of the arm from now on."""
        if GetPositionIK is None or not config.ik_service:
            return
        arm, prefix = description_check.bundle_arm, config.prefix
        robot = RobotNames(
            group=config.ik_group,
            joint_names=tuple(prefix + name for name in arm.joint_names),
            frames=description_check.frames,
            problem=description_check.problem,
        )

        def to_base(target: PoseTarget) -> PoseTarget | InvalidMessage:
            return self._frames.to_base_at_stamp(target, timeout_s=config.target_timeout_s)

        solver = make_service_solver(description_check.arm, self._predictor, config)
        self._handler = PositionIkHandler(solver, robot, to_base, self._validity)

    def diagnostic_values(self) -> dict[str, str]:
        """Return counts and latencies since the start, as values of diagnostics."""
        counts = sorted(dict(self._counts).items())
        return {
            **{f'ik count {code.name}': f'{n}' for code, n in counts},
            **self._durations_ms.diagnostic_values('ik', 'ms', '.3f'),
        }

    def destroy(self) -> None:
        """Stop serving, after a request in progress."""
        if self._thread is not None:
            self._is_over.set()
            self._executor.wake()
            self._thread.join()
            self._thread = None
            self._destroy_validity()

    def _destroy_validity(self) -> None:
        if self._validity is not None:
            self._validity.destroy()

    def _serve(self) -> None:
        """
        Spin the node of the service, in its thread.

        The thread has the priority of the control loop. That waits for this thread wherever it
        holds the interpreter, and must not wait for other processes meanwhile.
        """
        try:
            spin(self._executor, self._is_over.is_set)
        finally:
            self._executor.shutdown()
            self._service_node.destroy_node()

    def _answer(self, request: Any, response: Any) -> Any:
        started_ns = perf_counter_ns()
        try:
            reply = self._handler.handle(request, response)
        except Exception as error:  # noqa: BLE001  it would end the thread of the service
            reply = IkReply(code=MoveItCode.FAILURE, reason=described(error))
            fill_code(response, reply)
        self._durations_ms.add((perf_counter_ns() - started_ns) * 1e-6)
        self._counts[reply.code] += 1
        if reply.code not in UNLOGGED:
            self._throttle.warn(reply.code.name, f'request refused: {reply.reason}')
        return response


def _make_node(node: Node, name: str, answer: Callable[[Any, Any], Any]) -> Node:
    """Return a node beside another one that serves GetPositionIK under a name."""
    service_node = Node(
        f'{node.get_name()}_service',
        namespace=node.get_namespace(),
        use_global_arguments=False,  # which would give it the name of the main node
        enable_rosout=False,
        start_parameter_services=False,
    )
    try:
        service_node.create_service(GetPositionIK, name, answer)
    except Exception:
        service_node.destroy_node()
        raise
    return service_node


def _state_validity(node: Node, config: NodeConfig) -> StateValidity | None:
    """Return the client that checks for collisions, None if it is switched off."""
    if not config.ik_validity_service:
        return None
    name = _resolved(node, 'ik_validity_service', config.ik_validity_service)
    return StateValidity(name, namespace=node.get_namespace())


def _resolved(node: Node, parameter: str, name: str) -> str:
    """Return the fully qualified name of a service of a node, after remapping."""
    try:
        validate_topic_name(name, is_service=True)
    except InvalidServiceNameException as error:
        raise bad_parameter(parameter, ' '.join(str(error).split())) from error
    resolved: str = node.resolve_service_name(name)
    return resolved
