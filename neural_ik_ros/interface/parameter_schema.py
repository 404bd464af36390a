# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
ROS parameters as fields of a frozen dataclass, with unit, range and checks; without ROS.

Field types: ``float``, ``int``, ``bool``, ``str``, ``tuple[float, ...]``, ``tuple[str, ...]``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from ..errors import ConfigError

Config = TypeVar('Config')
Value = TypeVar('Value', float, int, bool, str, tuple[float, ...], tuple[str, ...])
METADATA_KEY = 'ros_parameter'
RENAMED = {  # old -> new, of all nodes; old names are refused, so that no setting is lost
    'answers': 'responses',
    'following_error_rad': 'max_following_error_rad',
    'geometry_tolerance_m': 'robot_description_tolerance_m',
    'overrun_timeout_s': 'max_command_delay_s',
    'path_length': 'max_poses',
    'velocity_scale': 'velocity_scaling_factor',
}


def bad_parameter(name: str, problem: str) -> ConfigError:
    """Return the error for the value of a parameter."""
    remedy = f'correct it in the parameter file or with -p {name}:=VALUE'
    return ConfigError(f'parameter {name}', problem, remedy)


def renamed_parameter(old: str, new: str) -> ConfigError:
    """Return the error for a value given under a former name of a parameter."""
    remedy = f'correct it in the parameter file or with -p {new}:=VALUE'
    return ConfigError(f'parameter {old}', f'was renamed to {new}', remedy)


def unknown_parameters(nearest: Mapping[str, str], node: str) -> ConfigError:
    """
    Return the error for values of parameters that do not exist.

    :param nearest: Their names -> the most similar name that exists, or ''.
    """
    subject = f'parameter{"s" if len(nearest) > 1 else ""} {", ".join(nearest)}'
    meant = [f'{near} in place of {name}' for name, near in nearest.items() if near]
    remedy = f'ros2 param list {node} lists those that exist'
    if meant:
        remedy = f'is {", ".join(meant)} meant? {remedy}'
    return ConfigError(subject, f'unknown to {node}', remedy)


def bad_parameter_file(path: Path, problem: str) -> ConfigError:
    """Return the error for a parameter file that cannot be used."""
    return ConfigError(path, problem, 'give a parameter file such as config/neural_ik.yaml')


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterInfo:
    """Description, unit and range of a parameter."""

    description: str
    unit: str = ''
    low: float | None = None  # smallest value allowed, for each element of an array
    high: float | None = None
    choices: tuple[str, ...] = ()
    size: int | None = None  # length of an array
    is_live: bool = False  # may change while the node runs


def parameter(
    default: Value,
    description: str,
    *,
    unit: str = '',
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    size: int | None = None,
    is_live: bool = False,
) -> Value:
    """Return a dataclass field that is a ROS parameter; typed as its default, as ``field`` is."""
    info = ParameterInfo(
        description=description,
        unit=unit,
        low=low,
        high=high,
        choices=choices,
        size=size,
        is_live=is_live,
    )
    return field(default=default, metadata={METADATA_KEY: info})


def parameters_of(config_type: type[Any]) -> Iterator[tuple[str, ParameterInfo, Any, Any]]:
    """Yield name, info, type and default of each parameter."""
    hints = get_type_hints(config_type)
    for one in dataclasses.fields(config_type):
        if METADATA_KEY in one.metadata:
            yield one.name, one.metadata[METADATA_KEY], hints[one.name], one.default


def old_names(config_type: type[Any]) -> dict[str, str]:
    """Return the former names of the parameters of a configuration -> their present names."""
    present = {name for name, *_ in parameters_of(config_type)}
    return {old: new for old, new in RENAMED.items() if new in present}


def config_from_values(config_type: type[Config], values: Mapping[str, Any]) -> Config:
    """
    Return the configuration with a value for each parameter, checked.

    :raises ConfigError: If a value has the wrong type or lies outside its range.
    """
    checked = {}
    for name, info, kind, _ in parameters_of(config_type):
        checked[name] = _converted(name, kind, values[name])
        problem = _problem(info, checked[name])
        if problem:
            raise bad_parameter(name, problem)
    return config_type(**checked)


def _converted(name: str, kind: Any, value: Any) -> Any:
    """Return the value in the type of its field; integers are accepted as floats."""
    if kind is float and _is_number(value):
        return float(value)
    if kind == tuple[float, ...] and _is_sequence(value) and all(map(_is_number, value)):
        return tuple(float(element) for element in value)
    if kind == tuple[str, ...] and _is_sequence(value):
        if all(isinstance(element, str) for element in value):
            return tuple(value)
    elif kind in (bool, int, str) and type(value) is kind:
        return value
    kind_name = kind.__name__ if kind in (float, int, bool, str) else kind
    raise bad_parameter(name, f'{value!r} is not of type {kind_name}')


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _problem(info: ParameterInfo, value: Any) -> str:
    """Return what is wrong with a value of the right type, or an empty text."""
    if info.choices and value not in info.choices:
        return f'{value!r} is not one of {", ".join(info.choices)}'
    if info.size is not None and len(value) != info.size:
        return f'{len(value)} elements given, {info.size} needed'
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, str):
            continue
        if not math.isfinite(number):
            return f'{number} is not a finite number'
        if info.low is not None and number < info.low:
            return f'{number} is below {info.low} {info.unit}'.rstrip()
        if info.high is not None and number > info.high:
            return f'{number} is above {info.high} {info.unit}'.rstrip()
    return ''
