# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reads ROS parameter files and arguments as the node would, without ROS."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
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
    unknown_parameters,
)

NODE = '/neural_ik'
PARAMETERS = 'ros__parameters'
WILDCARDS = {'**': '(/[^/]+)*', '*': '/[^/]+'}
OF_EVERY_NODE = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')
log = logging.getLogger(__name__)


def config_from_file(path: Path | None, node: str = NODE) -> NodeConfig:
    """
    Return the configuration of a node that is started with a parameter file.

    Later sections win; ``*`` and ``**`` in node names match one and any number of names. Entries
    for any node that are not parameters of this one are skipped with a warning.

    :param path: None for the defaults.
    :param node: Fully qualified name of the node.
    :raises ConfigError: If it cannot be read, has no section for the node, uses a former name of a
        parameter or, in a section of its own, one that does not exist, or a value has the wrong
        type or lies outside its range.
    """
    values = {name: default for name, _, _, default in parameters_of(NodeConfig)}
    if path is not None:
        given = _values(path, node)
        for old, new in old_names(NodeConfig).items():
            if old in given:
                raise renamed_parameter(old, new)
        refuse_unknown(own_names(path, node), NodeConfig, node)
        for name in sorted(set(given) - set(values)):
            if not name.startswith(OF_EVERY_NODE):
                log.warning('%s: %s is not a parameter of %s', path, name, node)
        values.update({name: value for name, value in given.items() if name in values})
    return config_from_values(NodeConfig, values)


def own_names(path: Path, node: str) -> set[str]:
    """
    Return the names of the parameters that a file gives to a node, by its name.

    Sections whose last name is a wildcard are for any node, and left out; except in a file that
    ros2 launch has made of the parameters of one node. None if it cannot be read.
    """
    try:
        text = path.read_text(encoding='utf-8')
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return set()
    is_of_launch = _is_of_launch(path, text, content)
    return {
        name
        for pattern, section in _sections(content, '')
        if _matches(pattern, node) and (is_of_launch or not _is_for_any(pattern))
        for name, _ in _flat(section, '')
    }


def _is_of_launch(path: Path, text: str, content: Any) -> bool:
    """
    Return whether launch_ros has made a file of a dictionary among the parameters of a node.

    It writes ``/**`` for a node without a name and a namespace of its own. Files whose
    substitutions it has performed have a similar name, but are written by people.
    """
    is_for_any = isinstance(content, Mapping) and list(content) == ['/**']
    is_dump = is_for_any and text == yaml.dump(content, default_flow_style=False)
    return is_dump and path.name.startswith('launch_params_')


def names_in_arguments(arguments: Sequence[str], node: str) -> set[str]:
    """
    Return the names of the parameters that ROS arguments give to a node, in files by its name.

    :param arguments: Those of the process, which has one node.
    """
    names: set[str] = set()
    for flag, value in pairwise(_ros_arguments(arguments)):
        if flag == '--params-file':
            names |= own_names(Path(value), node)
        elif flag in ('-p', '--param'):
            pattern, colon, name = value.partition(':=')[0].rpartition(':')
            is_own = pattern == node.rpartition('/')[2] or _matches(pattern, node)
            if not colon or (is_own and not _is_for_any(pattern)):
                names.add(name)
    return names


def _ros_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """Yield what stands between each ``--ros-args`` and the next ``--``."""
    is_ros = False
    for argument in arguments:
        if argument in ('--ros-args', '--'):
            is_ros = argument == '--ros-args'
        elif is_ros:
            yield argument


def refuse_unknown(names: Iterable[str], config_type: type[Any], node: str) -> None:
    """
    Refuse names that are not parameters of a node.

    :raises ConfigError: With the nearest right name of each.
    """
    known = [name for name, *_ in parameters_of(config_type)]
    unknown = sorted({name for name in names if not name.startswith(OF_EVERY_NODE)} - set(known))
    if unknown:
        raise unknown_parameters({name: _nearest(name, known) for name in unknown}, node)


def _nearest(name: str, known: Sequence[str]) -> str:
    """Return the known name that is most like another one, or nothing."""
    same_start = [one for one in known if one.startswith(name) or name.startswith(one)]
    return next(iter(get_close_matches(name, same_start or known, n=1)), '')


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
    parts = pattern.strip('/').split('/')
    expression = ''.join(WILDCARDS.get(part, '/' + re.escape(part)) for part in parts)
    return re.fullmatch(expression, node) is not None


def _is_for_any(pattern: str) -> bool:
    """Return whether the last name of a pattern is a wildcard."""
    return pattern.rpartition('/')[2] in WILDCARDS


def _flat(section: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value
