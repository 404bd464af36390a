# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What escapes from a callback of a node is logged with its type, and the node lives on.

rclpy turns an exception in a lifecycle callback into ERROR without a word, and lets one in any
other callback end the process, with the arm in motion.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from ...interface.runtime.throttle import WarningThrottle

NodeT = TypeVar('NodeT')
Transition: TypeAlias = Callable[[NodeT, LifecycleState], TransitionCallbackReturn]


def described(error: BaseException) -> str:
    """Return type and message of an exception in one line."""
    return f'{type(error).__name__}: {" ".join(str(error).split())}'.rstrip(': ')


def logged_transition(callback: Transition[Any]) -> Transition[Any]:
    """Return a lifecycle callback that logs what escapes from it, and then returns ERROR."""

    @wraps(callback)
    def guarded(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return callback(node, state)
        except Exception as error:  # noqa: BLE001  rclpy would swallow it
            node.get_logger().error(f'{callback.__name__} failed: {described(error)}')
            return TransitionCallbackReturn.ERROR

    return guarded


def logged_callback(
    callback: Callable[..., Any],
    throttle: WarningThrottle,
    on_error: Callable[[str], None] | None = None,
) -> Callable[..., None]:
    """
    Return a callback that logs what escapes from it, at most once a second, and returns.

    :param on_error: Called with the text in the log; may fail as well.
    """
    name = getattr(callback, '__qualname__', str(callback))

    def guarded(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001  it would end the process
            text = f'{name} failed: {described(error)}'
            throttle.error(name, text)
            if on_error is not None:
                logged_callback(on_error, throttle)(text)

    return guarded


def run_all(logger: Any, *actions: Callable[[], Any]) -> bool:
    """Call the actions in order, whichever of them fail; log what escapes; return whether none."""
    n_failed = 0
    for action in actions:
        try:
            action()
        except Exception as error:  # noqa: BLE001  the others must be called as well
            name = getattr(action, '__qualname__', str(action))
            logger.error(f'{name} failed: {described(error)}')
            n_failed += 1
    return n_failed == 0
