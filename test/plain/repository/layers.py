# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The layer table of the design as data, and a reader of imports that nothing escapes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

PACKAGE = 'neural_ik_ros'
# Arrows point to the left. Files of the root that are no row: see ROOT_MODULES.
ROWS = (
    *('kinematics', 'solver', 'learning', 'calibration', 'motion'),
    *('interface', 'simulation', 'replay', 'ros', 'cli'),
)
SIBLINGS = {'learning', 'calibration', 'motion'}  # none of them knows another
API = f'{PACKAGE}.api'  # stands between SIBLINGS and interface: the solver with a network
# The one arrow upward: IkSolver.load, for users, imports api.py inside the method. Nothing in the
# package calls it, so that no lower row runs code of a higher one.
UPWARD = ('solver/ik_solver.py', API)
FACADE = {f'{PACKAGE}.{name}' for name in ('errors', 'kinematics', 'solver')}  # what users import
ABOVE_API = ('interface', 'simulation', 'replay', 'ros')  # know learning through it only
ROOMS = {  # arrows point to the left; files beside the rooms may use all of them
    'learning': ('data', 'network', 'training', 'bundle', 'evaluation'),
    'ros': ('runtime', 'moveit', 'node', 'nodes', 'processes'),
}
ROOT_MODULES = {
    'atomic_files', 'errors', 'provenance', 'settings', 'share', 'stop_signal', 'units',
    'urdf_file',
}  # fmt: skip
ROOT_OF_KINEMATICS = {'errors'}

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

FORBIDDEN = {
    'solver': ENGINES | ROS,
    'learning': ROS,
    'calibration': ENGINES | ROS,
    'motion': ENGINES | ROS,
    'interface': ENGINES | {'rclpy', 'tf2_ros', 'launch', 'launch_ros'},
    'simulation': ENGINES | ROS,
    'replay': ENGINES | ROS,
    'ros': KERAS,
}
FORBIDDEN_AT_FILE_LEVEL = {
    'cli': KERAS | {'matplotlib'},
    'interface': ROS,  # messages are made by functions, read by duck typing
}
FORBIDDEN_IN_FILE = {'ros/node/node.py': {'numpy'}}
KINEMATICS_MAY_USE = {'numpy', 'numba', 'lxml', 'urdf_parser_py'}
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


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module: absolute name, and where it stands."""

    path: str  # of the importing file, below the package
    line: int
    module: str
    is_nested: bool  # inside a function: runs only when called
    is_typing: bool  # under TYPE_CHECKING: never runs

    @property
    def row(self) -> str:
        return self.path.split('/')[0] if '/' in self.path else ''

    @property
    def top(self) -> str:
        return self.module.split('.')[0]

    @property
    def target_row(self) -> str:
        """Return the row of an imported module of the package, or '' for the root."""
        parts = self.module.split('.')
        return parts[1] if len(parts) > 1 and parts[1] in ROWS else ''

    def says(self, problem: str) -> str:
        return f'{self.path}:{self.line} imports {self.module}: {problem}'


def module_name(path: str) -> str:
    """Return the dotted name of a file below the package."""
    parts = [PACKAGE, *PurePosixPath(path).with_suffix('').parts]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(sources: Mapping[str, str], *, beside: Iterable[str] = ()) -> list[Import]:
    """
    Return every import of the files, nested ones included.

    :param sources: Path below the package -> text.
    :param beside: Paths of the package's other files, to know what is a module.
    """
    modules = {module_name(path) for path in [*sources, *beside]}
    return [
        Import(path=path, line=line, module=module, is_nested=nested, is_typing=typing)
        for path, text in sources.items()
        for node, nested, typing in _import_nodes(ast.parse(text, path))
        for line, module in _modules_of(node, path, modules)
    ]


def _import_nodes(
    tree: ast.AST, nested: bool = False, typing: bool = False
) -> Iterator[tuple[ast.AST, bool, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)):
            yield node, nested, typing
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        is_guard = isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test)
        yield from _import_nodes(node, nested or is_function, typing or is_guard)


def _modules_of(node: ast.AST, path: str, modules: set[str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
            is_package = path.endswith('__init__.py')
            parents = module_name(path).split('.')
            keep = len(parents) - node.level + is_package
            base = '.'.join([*parents[:keep], *filter(None, [node.module])])
        for alias in node.names:
            whole = f'{base}.{alias.name}'
            yield node.lineno, whole if whole in modules or base == PACKAGE else base
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func).split('.')[-1]
        if called in ('__import__', 'import_module'):
            yield node.lineno, 'dynamic import'


def violations(sources: Mapping[str, str], *, beside: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each import that the layer table does not allow."""
    rules = (_outside_rule, _inside_rule, _keras_rule)
    return [
        one.says(problem)
        for one in imports_of(sources, beside=beside)
        for rule in rules
        if (problem := rule(one))
    ]


def _inside_rule(one: Import) -> str:
    """Return what is wrong with an import of the package itself, or ''."""
    if one.top != PACKAGE:
        return ''
    if one.row == '':
        return _root_rule(one)
    if one.row not in ROWS:
        return f'{one.row}/ is not in the layer table'
    return _root_module_rule(one) if one.target_row == '' else _row_rule(one)


def _row_rule(one: Import) -> str:
    """Return what is wrong with an import of another row, or ''."""
    if one.row != one.target_row and {one.row, one.target_row} <= SIBLINGS:
        return f'{one.row}/ and {one.target_row}/ do not know each other'
    if one.row in ABOVE_API and one.target_row in ('learning', 'calibration'):
        return f'{one.row}/ knows {one.target_row}/ through api.py only'
    is_below = ROWS.index(one.target_row) > ROWS.index(one.row)
    return f'{one.target_row}/ is a row below {one.row}/' if is_below else _room_rule(one)


def _root_module_rule(one: Import) -> str:
    """Return what is wrong with the import of a file beside the rows, or ''."""
    if one.module == API:
        is_above = one.row in ABOVE_API or one.row == 'cli' or _is_upward(one)
        return '' if is_above else f'api.py is a row below {one.row}/'
    allowed = ROOT_OF_KINEMATICS if one.row == 'kinematics' else {*ROOT_MODULES, '__version__'}
    is_allowed = one.module.split('.')[-1] in allowed
    return '' if is_allowed else f'of the root, {one.row}/ may use {sorted(allowed)}'


def _is_upward(one: Import) -> bool:
    """Return whether an import is the one that may point upward."""
    return (one.path, one.module) == UPWARD and one.is_nested


def _room_rule(one: Import) -> str:
    """Return what is wrong with an import among the rooms of a row, or ''."""
    rooms = ROOMS.get(one.row, ())
    room, target = one.path.split('/')[1], _room_of(one.module)
    if one.row != one.target_row or room not in rooms or not target:
        return ''
    if target not in rooms:
        return f'{one.row}/{room}/ must not know the files above the rooms'
    is_below = rooms.index(target) > rooms.index(room)
    return f'{one.row}/{target}/ is a room below {one.row}/{room}/' if is_below else ''


def _room_of(module: str) -> str:
    """Return the second name below the package of a module, '' for a row itself."""
    return '.'.join(module.split('.')[2:3])


def _root_rule(one: Import) -> str:
    """Return what is wrong with an import by a file beside the rows, or ''."""
    if one.path == 'api.py':
        rows = (*ROWS[: ROWS.index('interface')], '')
        is_allowed = one.target_row in rows and one.module != PACKAGE
        return '' if is_allowed else f'{one.target_row}/ is a row below api.py'
    name = one.module.split('.')[-1]
    is_root = one.target_row == '' and name in {*ROOT_MODULES, '__version__'}
    is_lazy_facade = one.path == '__init__.py' and (one.is_nested or one.is_typing)
    return (
        ''
        if is_root or (is_lazy_facade and one.module in FACADE)
        else 'the root may not know this'
    )


def _outside_rule(one: Import) -> str:
    """Return what is wrong with an import of another package, or ''."""
    if one.top == PACKAGE:
        return ''
    if one.module == 'dynamic import':
        return 'imports are written out, so that they can be read'
    if one.top in ORACLES:
        return 'oracles and test tools are for tests only'
    if one.row == 'kinematics':
        is_allowed = one.top in sys.stdlib_module_names or one.top in KINEMATICS_MAY_USE
        return '' if is_allowed else f'kinematics/ may use {sorted(KINEMATICS_MAY_USE)}'
    return f'not allowed in {one.row}/' if one.top in _forbidden_to(one) else ''


def _forbidden_to(one: Import) -> set[str]:
    """Return the packages that the place of an import must not know."""
    forbidden = FORBIDDEN.get(one.row, set()) | FORBIDDEN_IN_FILE.get(one.path, set())
    if not one.is_nested and not one.is_typing:
        forbidden = forbidden | FORBIDDEN_AT_FILE_LEVEL.get(one.row, set())
    has_no_messages = 'builtin_interfaces' in forbidden and one.top.endswith('_msgs')
    return forbidden | {one.top} if has_no_messages else forbidden


def _keras_rule(one: Import) -> str:
    """Return what is wrong if Keras is loaded where it is not expected, or ''."""
    if one.top in KERAS and one.path not in KERAS_FILES:
        return 'Keras is for the files that define, train and save a network'
    is_file_level = not one.is_nested and not one.is_typing
    if is_file_level and one.module in KERAS_MODULES and one.path not in KERAS_SIDE:
        return 'files that load Keras are imported inside functions'
    return ''


def loaded_by(sources: Mapping[str, str], module: str) -> set[str]:
    """Return the top-level packages that importing ``module`` loads, by file-level imports."""
    by_module: dict[str, list[Import]] = {}
    for one in imports_of(sources):
        if not one.is_nested and not one.is_typing:
            by_module.setdefault(module_name(one.path), []).append(one)
    todo, seen, outside = [module], set(), set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.split('.')[0] != PACKAGE:
            outside.add(name.split('.')[0])
            continue
        todo += [one.module for one in by_module.get(name, [])]
        todo += [name.rpartition('.')[0]] if '.' in name else []  # parents are loaded first
    return outside


def folder_arrows(sources: Mapping[str, str]) -> set[tuple[str, str]]:
    """
    Return (importing, imported) of folders that differ; files of the root stand for themselves.

    Neither what an ``__init__`` passes on from a room of its folder nor ``UPWARD`` is an arrow.
    """
    folders = {module_name(path): _folder(path) for path in sources}
    return {
        (_folder(one.path), folders[one.module])
        for one in imports_of(sources)
        if one.module in folders
        and one.module != PACKAGE
        and not one.path.endswith('__init__.py')
        and not _is_upward(one)
        and _folder(one.path) != folders[one.module]
    }


def _folder(path: str) -> str:
    return path.rpartition('/')[0] or path


def circles(arrows: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names from which arrows lead back to themselves."""
    targets: dict[str, set[str]] = {}
    for start, end in arrows:
        targets.setdefault(start, set()).add(end)
    found = []
    for start in targets:
        todo, seen = [start], set()
        while todo:
            for end in targets.get(todo.pop(), set()) - seen:
                seen.add(end)
                todo.append(end)
        found += [start] if start in seen else []
    return sorted(found)
