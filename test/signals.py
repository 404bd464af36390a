# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a running process does with signals."""

from __future__ import annotations

import re
import signal
from pathlib import Path


def takes_signals(pid: int) -> bool:
    """Return whether it handles SIGTERM, which nodes do long before they are imported."""
    status = Path(f'/proc/{pid}/status').read_text()
    caught = int(re.findall(r'SigCgt:\s*(\S+)', status)[0], 16)
    return bool(caught & 1 << (signal.SIGTERM - 1))
