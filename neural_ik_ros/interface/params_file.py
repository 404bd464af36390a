# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a ROS parameter file as the node would, without ROS."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .node_config import NodeConfig
from .parameter_schema import (
    bad_parameter_file,
    config_from_values,
    old_names,
    parameters_of,
    renamed_parameter,
)

NODE = '/neural_ik'
PARAMETERS = 'ros__parameters'
OF_EVERY_NODE = ('use_sim_time', 'qos_overrides.')
log = logging.getLogger(__name__)


def config_from_file(path: Path | None, node: str = NODE) -> NodeConfig:
    """
    Return the configuration of a node that is started with a parameter file.

    Later sections win; ``*`` and ``**`` in node names match one and any number of names. Entries
    that are not parameters of the node are skipped with a warning.

    :param path: None for the defaults.
    :param node: Fully qualified name of the node.
    :raises ConfigError: If it cannot be read, has no section for the node or uses a former name
        of a parameter, or a value has the wrong type or lies outside its range.
    """
    values = {name: default for name, _, _, default in parameters_of(NodeConfig)}
    if path is not None:
        given = _values(path, node)
        for old, new in old_names(NodeConfig).items():
            if old in given:
                raise renamed_parameter(old, new)
        for name in sorted(set(given) - set(values)):
            if not name.startswith(OF_EVERY_NODE):
                log.warning('%s: %s is not a parameter of %s', path, name, node)
        values.update({name: value for name, value in given.items() if name in values})
    return config_from_values(NodeConfig, values)


def _values(path: Path, node: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as error:
        raise bad_parameter_file(path, f'cannot be read ({error})') from error
    except yaml.YAMLError as error:
        problem = ' '.join(str(error).split())
        raise bad_parameter_file(path, f'is not YAML ({problem})') from error
    values: dict[str, Any] = {}
    is_for_node = False
    for pattern, section in _sections(content, ''):
        if _matches(pattern, node):
            is_for_node = True
            values.update(_flat(section, ''))
    if not is_for_node:
        raise bad_parameter_file(path, f'has no section with {PARAMETERS} for {node}')
    return values


def _sections(content: Any, names: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the node name pattern and the parameters of each section, in order."""
    if not isinstance(content, Mapping):
        return
    for key, value in content.items():
        if key == PARAMETERS:
            yield names, value if isinstance(value, Mapping) else {}
        else:
            yield from _sections(value, f'{names}/{str(key).strip("/")}')


def _matches(pattern: str, node: str) -> bool:
    wildcards = {'**': '(/[^/]+)*', '*': '/[^/]+'}
    parts = pattern.strip('/').split('/')
    expression = ''.join(wildcards.get(part, '/' + re.escape(part)) for part in parts)
    return re.fullmatch(expression, node) is not None


def _flat(section: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value
