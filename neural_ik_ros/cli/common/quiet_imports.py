# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Imports TensorFlow or JAX without their start-up notices on stderr."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# TensorFlow's compiled code writes these to descriptor 2 before it reads any setting.
NOTICES = (b'WARNING: All log messages before absl::InitializeLog()', b'I0000 ')


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Hold back stderr in the block, then print it without the start-up notices."""
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
    for name in ('tensorflow', 'jax', 'absl'):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.stderr.flush()
    descriptor = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(descriptor, 2)
            os.close(descriptor)
            held.seek(0)
            lines = [line for line in held if not line.startswith(NOTICES)]
            os.write(2, b''.join(lines))
