# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration files: a size-bounded YAML mapping into frozen dataclasses, nothing unknown."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .errors import NeuralIkError

MAX_CONFIG_BYTES = 64 * 1024

T = TypeVar('T')


class ConfigError(NeuralIkError):
    """A configuration has an unknown key or a value that cannot be meant."""

    def __init__(self, where: str, problem: str) -> None:
        self.where = where
        place = f'configuration {where}'.rstrip()
        super().__init__(f'{place}: {problem}.')


def load_yaml(path: Path, *, example: str = 'config/learning/irb2400.yaml') -> Mapping[str, Any]:
    """
    Return the mapping in a YAML file of at most 64 KiB.

    :param example: Where the user sees how such a file looks.
    :raises ConfigError: If the file cannot be read as one.
    """
    try:
        with path.open('rb') as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(str(path), f'{error.strerror}; give a readable YAML file') from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(str(path), f'larger than {MAX_CONFIG_BYTES} bytes; shorten it')
    try:
        mapping = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(str(path), f'not YAML ({first_line}); correct it') from error
    if not isinstance(mapping, dict):
        raise ConfigError(str(path), f'not a mapping; start from {example}')
    return mapping


def from_mapping(cls: type[T], mapping: Any, where: str) -> T:
    """
    Return the dataclass ``cls`` with the values of ``mapping`` over its defaults.

    Each value must have the type of its field's default; dataclasses nest.

    :param where: Name of the mapping in messages, for example ``data``.
    :raises ConfigError: On an unknown key or a value of another type.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(where, f'{mapping!r} is not a mapping; indent its keys below it')
    defaults = cls()
    names = [field.name for field in dataclasses.fields(defaults)]  # type: ignore[arg-type]
    unknown = [str(key) for key in mapping if key not in names]
    if unknown:
        raise ConfigError(where, f'unknown key {unknown[0]!r}; known are {", ".join(names)}')
    values = {
        name: _converted(value, getattr(defaults, name), f'{where}.{name}'.lstrip('.'))
        for name, value in mapping.items()
    }
    return cls(**values)


def require(condition: bool, where: str, problem: str) -> None:
    """Raise ``ConfigError`` unless the condition holds."""
    if not condition:
        raise ConfigError(where, problem)


def _converted(value: Any, default: Any, where: str) -> Any:
    if dataclasses.is_dataclass(default):
        return from_mapping(type(default), value, where)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    require(
        not is_number or math.isfinite(value), where, f'{value!r} is not finite; give a number'
    )
    if isinstance(default, float) and is_number:
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(_converted(item, default[0], where) for item in value)
    if isinstance(default, dict) and isinstance(value, dict):
        example = next(iter(default.values()))
        return {str(key): _converted(item, example, where) for key, item in value.items()}
    if type(value) is type(default):
        return value
    hint = '; YAML needs a point in 1.0e-6' if isinstance(value, str) else ''
    raise ConfigError(where, f'{value!r} is not of the kind of {default!r}{hint}')
