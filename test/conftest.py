# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shared by the rings: the examples, run as a user runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / 'examples'
EXAMPLE_S = 240.0  # a first start compiles the kernels


@dataclass(frozen=True, kw_only=True)
class Example:
    """What came of an example."""

    text: str  # on stdout
    output: Path

    def numbers(self, pattern: str) -> list[float]:
        """Return the numbers that a pattern finds, from the first line it fits."""
        found = re.search(pattern, self.text)
        assert found is not None, f'no {pattern!r} in:\n{self.text}'
        return [float(number) for number in found.groups()]


@pytest.fixture
def run_example(tmp_path):
    """Run ``main.py`` of the example with this name, in a folder and a process of its own."""
    pytest.importorskip('matplotlib')

    def run(name: str, *arguments: str) -> Example:
        output = tmp_path / 'output'
        paths = [str(REPOSITORY), *filter(None, [os.environ.get('PYTHONPATH')])]
        result = subprocess.run(
            [sys.executable, EXAMPLES / name / 'main.py', '--output', output, *arguments],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            timeout=EXAMPLE_S,
            check=False,
        )
        assert 'Traceback' not in result.stderr, result.stderr
        assert result.returncode == 0, result.stderr
        assert (output / 'picture.png').read_bytes().startswith(b'\x89PNG')
        return Example(text=result.stdout, output=output)

    return run
