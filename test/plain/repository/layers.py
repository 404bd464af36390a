# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The import rules: which rows, rooms and libraries each file of the package may use.

Rows, rooms and their order are read from the table in docs/design.md, section "Layers". A file
imports only from its own row and the rows above it; in a row with rooms, only from its own room
and the rooms before it. Files of a row that stand beside its rooms may use all of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping

from imports import DYNAMIC, PACKAGE, Import, imports_of
from strategies import REPOSITORY

TABLE_ROW = re.compile(r'^\| `(\w+)(?:/|\.py)` ?([\w, ]*?) *\|', re.MULTILINE)


def layer_table() -> dict[str, tuple[str, ...]]:
    """Return the rows of docs/design.md in order, each with its rooms in order."""
    text = (REPOSITORY / 'docs' / 'design.md').read_text(encoding='utf-8')
    section = text.partition('\n## Layers\n')[2].partition('\n## ')[0]
    return {
        row: tuple(rooms.split(', ')) * bool(rooms) for row, rooms in TABLE_ROW.findall(section)
    }


ROOMS = layer_table()
ROWS = tuple(ROOMS)
INDEPENDENT = {'learning', 'calibration', 'motion'}  # none of them imports another
BEHIND_API = {'learning', 'calibration'}  # rows below api.py import api.py instead
API_ROW = ROWS.index('api')
# The one import upward: a method for users, which nothing in the package calls.
UPWARD = ('solver/ik_solver.py', f'{PACKAGE}.api')
UPWARD_ARROW = ('solver', 'api.py')
# Beside the rows: files of the root that every row may import; kinematics only the second set.
ROOT_MODULES = {
    'atomic_files', 'errors', 'provenance', 'settings', 'share', 'stop_signal', 'units',
    'urdf_file',
}  # fmt: skip
ROOT_OF_KINEMATICS = {'errors'}
FACADE = '__init__.py'  # of the package: imports lazily what users import
PUBLIC = {'kinematics', 'solver', 'api'}

ENGINES = {
    'ai_edge_litert', 'jax', 'keras', 'onnxruntime', 'sklearn', 'skops', 'tensorflow', 'torch',
}  # fmt: skip
KERAS = {'keras', 'tensorflow'}
ORACLES = {'hypothesis', 'pinocchio', 'py_opw_kinematics', 'pytest', 'scipy'}
ROS = {
    'ament_index_python', 'builtin_interfaces', 'launch', 'launch_ros', 'rcl_interfaces', 'rclpy',
    'tf2_ros',
}  # fmt: skip
OPTIONAL = ('control_msgs', 'moveit_msgs', 'tf2_ros')  # may be missing where ROS is installed
ORACLES_ALLOWED = {'calibration': {'scipy'}}
KINEMATICS_MAY_USE = {'numpy', 'numba', 'lxml'}

# Libraries by row; where builtin_interfaces is forbidden, so is every package of messages.
FORBIDDEN = {
    'solver': ENGINES | ROS,
    'learning': ROS,
    'calibration': ENGINES | ROS,
    'motion': ENGINES | ROS,
    'interface': ENGINES | {'rclpy', 'tf2_ros', 'launch', 'launch_ros'},
    'simulation': ENGINES | ROS,
    'replay': ENGINES | ROS,
    'view': ENGINES | ROS,
    'ros': KERAS,
}
FORBIDDEN_AT_FILE_LEVEL = {
    'cli': KERAS | {'matplotlib', 'viser', 'trimesh'},
    'interface': ROS,  # messages are made by functions, read by duck typing
}
FORBIDDEN_IN_FILE = {'ros/node/node.py': {'numpy'}}
KERAS_FILES = {
    *(
        f'learning/network/{name}.py'
        for name in (
            *('architectures', 'iterative', 'standardisation', 'geometry', 'estimate'),
            *('starts', 'choice', 'losses', 'model_files'),
        )
    ),
    *(
        f'learning/training/{name}.py'
        for name in ('training_loop', 'epoch_batches', 'distributed')
    ),
}
# These load Keras, the last one through the others; any other file imports them in a function.
KERAS_SIDE = KERAS_FILES | {'learning/make_bundle.py'}
KERAS_MODULES = {f'{PACKAGE}.{path[:-3].replace("/", ".")}' for path in KERAS_SIDE}


def row_of(one: Import) -> str:
    """Return the row of the importing file, '' for files beside the rows."""
    first = one.path.removesuffix('.py').split('/')[0]
    return first if '/' in one.path or first in ROWS else ''


def target_row_of(one: Import) -> str:
    """Return the row of the imported module of the package, '' for files beside the rows."""
    parts = one.module.split('.')
    return parts[1] if len(parts) > 1 and parts[1] in ROWS else ''


def violations(sources: Mapping[str, str], *, beside: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each import that breaks a rule."""
    rules = (_library_rule, _keras_rule, _root_rule, _row_rule, _room_rule)
    return [
        f'{one.path}:{one.line} imports {one.module}: {problem}'
        for one in imports_of(sources, beside=beside)
        for rule in rules
        if (problem := rule(one))
    ]


def _root_rule(one: Import) -> str:
    """Return what is wrong with an import from, or by, a file beside the rows, or ''."""
    if one.top != PACKAGE:
        return ''
    row, target = row_of(one), target_row_of(one)
    if target:
        is_lazy_facade = one.path == FACADE and not one.runs_at_import and target in PUBLIC
        return '' if row or is_lazy_facade else 'files beside the rows use none of them'
    allowed = ROOT_OF_KINEMATICS if row == 'kinematics' else {*ROOT_MODULES, '__version__'}
    is_allowed = one.module.split('.')[-1] in allowed
    return '' if is_allowed else f'of the files beside the rows, it may use {sorted(allowed)}'


def _row_rule(one: Import) -> str:
    """Return what is wrong with an import of another row, or ''."""
    row, target = row_of(one), target_row_of(one)
    if row and row not in ROWS:
        return f'{row} is not in the table of docs/design.md'
    is_upward = (one.path, one.module) == UPWARD and one.is_nested
    if not row or not target or row == target or is_upward:
        return ''
    if {row, target} <= INDEPENDENT:
        return f'{row} and {target} do not import each other'
    if target in BEHIND_API and ROWS.index(row) > API_ROW and row != 'cli':
        return f'{row} uses {target} through api.py only'
    return f'{target} is a row below {row}' if ROWS.index(target) > ROWS.index(row) else ''


def _room_rule(one: Import) -> str:
    """Return what is wrong with an import among the rooms of a row, or ''."""
    row = row_of(one)
    rooms, parts = ROOMS.get(row, ()), one.module.split('.')
    room = one.path.split('/')[1] if rooms else ''
    if row != target_row_of(one) or room not in rooms or len(parts) < 3:
        return ''
    target = parts[2]
    if target not in rooms:
        return f'the rooms of {row} do not use the files beside them'
    is_after = rooms.index(target) > rooms.index(room)
    return f'{target} is a room after {room}' if is_after else ''


def _library_rule(one: Import) -> str:
    """Return what is wrong with an import of another package, or ''."""
    if one.top == PACKAGE:
        return ''
    if one.module == DYNAMIC:
        return 'imports are written out, so that they can be read'
    row = row_of(one)
    if one.top in ORACLES - ORACLES_ALLOWED.get(row, set()):
        return 'oracles and test tools are for tests only'
    if row == 'kinematics':
        is_allowed = one.top in sys.stdlib_module_names or one.top in KINEMATICS_MAY_USE
        return '' if is_allowed else f'kinematics may use {sorted(KINEMATICS_MAY_USE)}'
    return f'not allowed in {row}' if one.top in _forbidden_to(one, row) else ''


def _forbidden_to(one: Import, row: str) -> set[str]:
    """Return the packages that the place of an import must not use."""
    forbidden = FORBIDDEN.get(row, set()) | FORBIDDEN_IN_FILE.get(one.path, set())
    if one.runs_at_import:
        forbidden = forbidden | FORBIDDEN_AT_FILE_LEVEL.get(row, set())
    has_no_messages = 'builtin_interfaces' in forbidden and one.top.endswith('_msgs')
    return forbidden | {one.top} if has_no_messages else forbidden


def _keras_rule(one: Import) -> str:
    """Return what is wrong if Keras is loaded where it is not expected, or ''."""
    if one.top in KERAS and one.path not in KERAS_FILES:
        return 'Keras is for the files that define, train and save a network'
    if one.runs_at_import and one.module in KERAS_MODULES and one.path not in KERAS_SIDE:
        return 'files that load Keras are imported inside functions'
    return ''
