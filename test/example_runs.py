# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The examples, run as a user runs them: each in a process and a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / 'examples'
EXAMPLE_S = 240.0  # a first start compiles the kernels


@dataclass(frozen=True, kw_only=True)
class Example:
    """What an example printed and wrote."""

    text: str  # on stdout
    output: Path

    def numbers(self, pattern: str) -> list[float]:
        """Return the numbers that a pattern finds, from the first line that it matches."""
        found = re.search(pattern, self.text)
        assert found is not None, f'no {pattern!r} in:\n{self.text}'
        return [float(number) for number in found.groups()]


def run_example(folder: Path, name: str, *arguments: str) -> Example:
    """Run ``main.py`` of the example of this name in a folder; fail if it does."""
    output = folder / 'output'
    paths = [str(REPOSITORY), *filter(None, [os.environ.get('PYTHONPATH')])]
    result = subprocess.run(
        [sys.executable, EXAMPLES / name / 'main.py', '--output', output, *arguments],
        cwd=folder,
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
