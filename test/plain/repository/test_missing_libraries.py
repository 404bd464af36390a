# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is not installed is told in one line, by every command that needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from strategies import REPOSITORY

from neural_ik_ros.errors import MissingLibraryError

COMMAND = 'from neural_ik_ros.cli.main import main'
NODE = 'from neural_ik_ros.ros.executables import neural_ik_node as main'


@pytest.mark.parametrize(
    ('library', 'start', 'arguments'),
    [
        ('ai_edge_litert', COMMAND, ['solve', '--xyz', '1', '0', '0.9']),
        ('numba', COMMAND, ['generate', '--output', 'data']),
        ('ruckig', COMMAND, ['record-demo']),
        ('ruckig', NODE, []),
    ],
)
def test_missing_library_is_reported_in_one_line(tmp_path, library, start, arguments):
    code = f'import sys\nsys.modules[{library!r}] = None\n{start}\nsys.exit(main(sys.argv[1:]))'
    result = subprocess.run(
        [sys.executable, '-c', code, *arguments],
        cwd=tmp_path,
        env={'PYTHONPATH': str(REPOSITORY), 'PATH': ''},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, result.stderr
    assert f': {library} is not installed for {sys.executable}; ' in lines[0]
    assert 'docs/start.md' in lines[0]
    assert not list(tmp_path.iterdir())


def test_missing_module_of_our_own_is_a_bug():
    with pytest.raises(ModuleNotFoundError, match='forgotten'):
        MissingLibraryError.of(
            ModuleNotFoundError('forgotten', name='neural_ik_ros.solver.forgotten')
        )
