# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Imports that no linter reads: scripts inside strings of tests, and code in the documentation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from strategies import REPOSITORY

FOLDERS = ('test', 'benchmark', 'examples', 'docs', 'launch')
TEXTS = [
    *(path for name in FOLDERS for path in sorted((REPOSITORY / name).rglob('*.py'))),
    *sorted((REPOSITORY / 'docs').rglob('*.md')),
    *sorted((REPOSITORY / 'examples').rglob('*.md')),
    REPOSITORY / 'README.md',
    REPOSITORY / 'Makefile',
]
WRITTEN = re.compile(r'\bfrom (neural_ik_ros[\w.]*) import \(?([\w, ]+)')
TABLES_OF_NAMES = {'test_layers.py', Path(__file__).name}  # forged imports, on purpose


def defined_in(module: str) -> set[str] | None:
    """Return the names at the top of a module and its submodules, None if there is no module."""
    path = REPOSITORY.joinpath(*module.split('.'))
    file = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
    if not file.is_file():
        return None
    names = {one.stem for one in path.glob('*') if path.is_dir() and not one.name.startswith('_')}
    tree = ast.parse(file.read_text(encoding='utf-8'))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {one.asname or one.name.split('.')[0] for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def problems(text: str) -> list[str]:
    """Return what is imported in a text and does not exist."""
    found = []
    for module, names in WRITTEN.findall(text):
        defined = defined_in(module)
        wanted = {name.split()[0] for name in names.split(',') if name.strip()}
        missing = sorted(wanted - defined) if defined is not None else ['the module']
        found += [f'{module}: {name}' for name in missing]
    return found


def test_written_imports_exist():
    n_imports = 0
    found = {}
    for path in TEXTS:
        text = path.read_text(encoding='utf-8')
        n_imports += len(WRITTEN.findall(text))
        if path.name not in TABLES_OF_NAMES and (wrong := problems(text)):
            found[str(path.relative_to(REPOSITORY))] = wrong
    assert n_imports > 300
    assert found == {}


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ("'from neural_ik_ros.ros.nodes.gone import Relay'", 'neural_ik_ros.ros.nodes.gone: the'),
        ("'from neural_ik_ros.units import NS_PER_H'", 'neural_ik_ros.units: NS_PER_H'),
    ],
)
def test_problems_find_what_is_gone(text, problem):
    assert problems(text)[0].startswith(problem)


def test_texts_are_files():
    assert len(TEXTS) > 100
    assert all(Path(path).is_file() for path in TEXTS)
