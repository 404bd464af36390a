# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every import of a set of Python files, read from their syntax trees without running them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

PACKAGE = 'neural_ik_ros'
DYNAMIC = 'dynamic import'  # in place of a module: import_module() or __import__()


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module, and where it is imported."""

    path: str  # of the importing file, below the package
    line: int
    module: str  # absolute
    is_nested: bool  # inside a function: runs only when called
    is_typing: bool  # under TYPE_CHECKING: never runs

    @property
    def top(self) -> str:
        """Return the first name of the imported module."""
        return self.module.partition('.')[0]

    @property
    def runs_at_import(self) -> bool:
        return not self.is_nested and not self.is_typing


def module_name(path: str) -> str:
    """Return the dotted name of a file below the package."""
    parts = [PACKAGE, *PurePosixPath(path).with_suffix('').parts]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(sources: Mapping[str, str], *, beside: Iterable[str] = ()) -> list[Import]:
    """
    Return every import of the files, nested ones included.

    :param sources: Path below the package -> text.
    :param beside: Paths of other files of the package, to tell modules from names in them.
    """
    modules = {module_name(path) for path in [*sources, *beside]}
    return [
        Import(path=path, line=line, module=module, is_nested=nested, is_typing=typing)
        for path, text in sources.items()
        for node, nested, typing in _import_nodes_of(text)
        for line, module in _modules_of(node, path, modules)
    ]


@functools.cache
def _import_nodes_of(text: str) -> list[tuple[ast.AST, bool, bool]]:
    return list(_import_nodes(ast.parse(text)))


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
        called = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
        if called in ('__import__', 'import_module'):
            yield node.lineno, DYNAMIC


def loaded_by(sources: Mapping[str, str], module: str) -> set[str]:
    """Return the top-level packages that importing ``module`` loads, by file-level imports."""
    by_module: dict[str, list[Import]] = {}
    for one in imports_of(sources):
        if one.runs_at_import:
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

    What an ``__init__`` passes on from a room of its folder is no arrow.
    """
    folders = {module_name(path): _folder(path) for path in sources}
    return {
        (_folder(one.path), folders[one.module])
        for one in imports_of(sources)
        if one.module in folders
        and one.module != PACKAGE
        and not one.path.endswith('__init__.py')
        and _folder(one.path) != folders[one.module]
    }


def _folder(path: str) -> str:
    return path.rpartition('/')[0] or path


def circles(arrows: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names from which arrows lead back to themselves, sorted."""
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
