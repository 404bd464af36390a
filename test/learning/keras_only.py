# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The reason for which tests of training are skipped where Keras is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

NEEDED = ('keras', 'tensorflow', 'sklearn', 'skops', 'matplotlib')
MISSING = [name for name in NEEDED if find_spec(name) is None]
needs_keras = pytest.mark.skipif(bool(MISSING), reason=f'not installed: {MISSING}')
