# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Compiles the kernels before a test waits for a node."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

AS_A_NODE = (
    'from neural_ik_ros.interface.factory import make_tracker; '
    'from neural_ik_ros.interface.node_config import NodeConfig; '
    'make_tracker(NodeConfig())'
)
COMPILE_S = 300.0


def compile_kernels() -> None:
    """
    Compile and cache what a node compiles at its first start.

    That takes over 20 s of a core, several times as long on a busy one: longer than tests wait.
    """
    _compile(os.environ.get('PYTHONPATH', ''))


@functools.cache
def _compile(_python_path: str) -> None:
    """Compile for the copy of the package that processes import: each has its own cache."""
    subprocess.run([sys.executable, '-c', AS_A_NODE], cwd='/', timeout=COMPILE_S, check=True)
