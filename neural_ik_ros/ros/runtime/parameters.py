# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
ROS parameters from a frozen dataclass, which alone states default, unit and range.

.. code-block:: python

    @dataclass(frozen=True, slots=True, kw_only=True)
    class StreamConfig:
        rate_hz: float = parameter(250.0, 'Commands per second', unit='Hz', low=1.0)


    config = declare_parameters(node, StreamConfig)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException, ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ...errors import NeuralIkError
from ...interface.parameter_schema import (
    Config,
    ParameterInfo,
    bad_parameter,
    config_from_values,
    old_names,
    parameters_of,
    renamed_parameter,
)
from ...interface.params_file import names_in_arguments, refuse_unknown
from .guards import described
from .transport import arguments_of

LARGEST_INT = 2**63 - 1


def declare_parameters(
    node: Node,
    config_type: type[Config],
    *,
    on_change: Callable[[Config], None] | None = None,
    validate: Callable[[Config], str] | None = None,
) -> Config:
    """
    Refuse parameters that are unknown, then do as ``declare_known_parameters``.

    :raises ConfigError: If the user gives a parameter that does not exist to the node by its name.
    """
    refuse_unknown_parameters(node, config_type)
    return declare_known_parameters(node, config_type, on_change=on_change, validate=validate)


def refuse_unknown_parameters(node: Node, config_type: type[Any]) -> None:
    """
    Refuse parameters that the user gives to a node by its name, and that do not exist.

    What a parameter file says under ``/**`` may be meant for another node.

    :raises ConfigError: With the nearest right name of each.
    """
    name = node.get_fully_qualified_name()
    given = names_in_arguments(arguments_of(node.context), name)
    former = set(old_names(config_type))
    unknown = {one for one in given - former if not node.has_parameter(one)}
    refuse_unknown(unknown, config_type, name)


def declare_known_parameters(
    node: Node,
    config_type: type[Config],
    *,
    on_change: Callable[[Config], None] | None = None,
    validate: Callable[[Config], str] | None = None,
) -> Config:
    """
    Declare one parameter per field; return the user's values, checked.

    Values set later are checked the same way and refused with a reason. Values that are set
    together are checked together; if one is refused, none is set. Parameters are read-only unless
    marked ``is_live``.

    :param on_change: Called with the new configuration after live parameters were set.
    :param validate: Called with it before; returns why it cannot be set now, or ''.
    :raises ConfigError: If the user sets a parameter under a former name, or a value has the wrong
        type or lies outside its range.
    """
    names = {name for name, *_ in parameters_of(config_type)}
    _refuse_old_names(node, config_type)
    for name, info, _, default in parameters_of(config_type):
        value = list(default) if isinstance(default, tuple) else default
        try:
            node.declare_parameter(name, value, _descriptor(info, default))
        except ParameterException as error:
            raise bad_parameter(name, str(error)) from error
    config = read_parameters(node, config_type)

    def check(parameters: list[Parameter]) -> SetParametersResult:
        changes = {p.name: p.value for p in parameters if p.name in names}
        try:
            wanted = config_from_values(config_type, _values(node, config_type) | changes)
            reason = validate(wanted) if validate is not None and changes else ''
        except NeuralIkError as error:
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:  # noqa: BLE001  it would end the process
            node.get_logger().error(f'parameters not checked: {described(error)}')
            return SetParametersResult(successful=False, reason=described(error))
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(check)
    if on_change is not None:

        def notify(parameters: list[Parameter]) -> None:
            if not any(p.name in names for p in parameters):
                return
            try:
                on_change(read_parameters(node, config_type))
            except Exception as error:  # noqa: BLE001  it would end the process
                node.get_logger().error(f'parameters not applied: {described(error)}')

        node.add_post_set_parameters_callback(notify)
    return config


def _refuse_old_names(node: Node, config_type: type[Any]) -> None:
    """Declare each former name for a moment, to see whether the user gave it a value."""
    any_type = ParameterDescriptor(dynamic_typing=True)
    for old, new in old_names(config_type).items():
        is_given = node.declare_parameter(old, descriptor=any_type).value is not None
        node.undeclare_parameter(old)
        if is_given:
            raise renamed_parameter(old, new)


def read_parameters(node: Node, config_type: type[Config]) -> Config:
    """
    Return the present values of the parameters that ``declare_parameters`` declared.

    :raises ConfigError: If a value has the wrong type or lies outside its range.
    """
    return config_from_values(config_type, _values(node, config_type))


def _values(node: Node, config_type: type[Any]) -> dict[str, Any]:
    return {name: _value(node, name) for name, *_ in parameters_of(config_type)}


def _value(node: Node, name: str) -> Any:
    try:
        return node.get_parameter(name).value
    except ParameterUninitializedException as error:
        raise bad_parameter(name, 'no value given (an empty list counts as none)') from error


def _descriptor(info: ParameterInfo, default: Any) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        description=f'{info.description} [{info.unit}]' if info.unit else info.description,
        read_only=not info.is_live,
        # `rate_hz: 250` is an integer to yaml: accepted here, converted in _converted.
        dynamic_typing=_is_float(default),
    )
    if info.choices:
        descriptor.additional_constraints = f'one of {", ".join(info.choices)}'
    if isinstance(default, tuple) and (info.low is not None or info.high is not None):
        descriptor.additional_constraints = f'elements from {info.low} to {info.high}'
    elif info.low is not None or info.high is not None:
        _set_range(descriptor, info, default)
    return descriptor


def _set_range(descriptor: ParameterDescriptor, info: ParameterInfo, default: Any) -> None:
    if isinstance(default, int):
        low = -LARGEST_INT if info.low is None else int(info.low)
        high = LARGEST_INT if info.high is None else int(info.high)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
        return
    low_float = -math.inf if info.low is None else float(info.low)
    high_float = math.inf if info.high is None else float(info.high)
    descriptor.floating_point_range = [
        FloatingPointRange(from_value=low_float, to_value=high_float)
    ]


def _is_float(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(element, float) for element in value)
    return isinstance(value, float)
