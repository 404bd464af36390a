# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""YAML configuration files into frozen dataclasses: size-bounded, unknown keys refused."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .errors import ConfigError

MAX_CONFIG_BYTES = 64 * 1024

T = TypeVar('T')


def load_yaml(
    path: Path,
    *,
    example: str = 'config/learning/irb2400.yaml',
    max_bytes: int = MAX_CONFIG_BYTES,
) -> Mapping[str, Any]:
    """
    Return the mapping in a YAML file of bounded size.

    :param example: File that shows the user what such a file looks like.
    :raises ConfigError: If it cannot be read, is too large, or is no YAML mapping.
    """
    try:
        with path.open('rb') as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ConfigError(path, str(error.strerror), 'give a readable YAML file') from error
    if len(data) > max_bytes:
        raise ConfigError(path, f'larger than {max_bytes} bytes', 'shorten it')
    try:
        mapping = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(path, f'not YAML ({first_line})', 'correct it') from error
    if not isinstance(mapping, dict):
        raise ConfigError(path, 'not a mapping', f'start from {example}')
    return mapping


def from_mapping(cls: type[T], mapping: Any, where: str) -> T:
    """
    Return the dataclass ``cls`` with its defaults overridden by the values of ``mapping``.

    Each value must have the type of its field's default; dataclasses nest.

    :param where: Key of the mapping in messages, for example ``data``; empty at the top.
    :raises ConfigError: On an unknown key or a value of another type.
    """
    if not isinstance(mapping, Mapping):
        raise bad_value(where, f'{mapping!r} is not a mapping', 'indent its keys below it')
    defaults = cls()
    names = [field.name for field in dataclasses.fields(defaults)]  # type: ignore[arg-type]
    unknown = [str(key) for key in mapping if key not in names]
    if unknown:
        raise bad_value(where, f'unknown key {unknown[0]!r}', f'known are {", ".join(names)}')
    values = {
        name: _converted(value, getattr(defaults, name), f'{where}.{name}'.lstrip('.'))
        for name, value in mapping.items()
    }
    return cls(**values)


def require(condition: bool, where: str, problem: str, remedy: str) -> None:
    """
    Raise ``ConfigError`` unless the condition holds.

    :param where: Key of the value, for example ``data.n_train``.
    """
    if not condition:
        raise bad_value(where, problem, remedy)


def require_range(where: str, value: float, low: float, high: float) -> None:
    """Raise ``ConfigError`` unless ``low <= value <= high``."""
    require(low <= value <= high, where, f'{value} is outside {low} .. {high}', 'choose within it')


def bad_value(where: str, problem: str, remedy: str) -> ConfigError:
    """Return the error for the value of a key in a configuration file."""
    return ConfigError(f'configuration {where}'.rstrip(), problem, remedy)


def _converted(value: Any, default: Any, where: str) -> Any:
    if dataclasses.is_dataclass(default):
        return from_mapping(type(default), value, where)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_finite = not is_number or math.isfinite(value)
    require(is_finite, where, f'{value!r} is not finite', 'give a finite number')
    if isinstance(default, float) and is_number:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(_converted(item, default[0], where) for item in value)
    if isinstance(default, dict) and isinstance(value, dict):
        example = next(iter(default.values()))
        return {str(key): _converted(item, example, where) for key, item in value.items()}
    if type(value) is type(default):
        return value
    hint = ' (YAML needs a point in 1.0e-6)' if isinstance(value, str) else ''
    problem = f'{value!r} is not of type {type(default).__name__}'
    raise bad_value(where, problem, f'give a value such as {default!r}{hint}')
