# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One adapter for each peer, all called in the same way."""

from . import closed_form, iterative, keras_calls, ours
from .adapter import Adapter, RefusedArmError, Solve

ADAPTERS = (
    *ours.ADAPTERS,
    *closed_form.ADAPTERS,
    *iterative.ADAPTERS,
    *keras_calls.ADAPTERS,
)

__all__ = ['ADAPTERS', 'Adapter', 'RefusedArmError', 'Solve']
