# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""After warm-up nothing is left to compile or to load in the control loop."""

from __future__ import annotations

import subprocess
import sys

import pytest
from strategies import REPOSITORY

from neural_ik_ros.motion import OUTPUT_MODES

# In a process of its own: kernels that another test has used are compiled already.
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from numba.core.registry import CPUDispatcher
from strategies import shipped_arm
from tracker_bench import FAR, HOME, MS, made_bench, path_from_home

def compiled():
    modules = [one for name, one in sys.modules.items() if name.startswith('neural_ik_ros')]
    kernels = {{k for one in modules for k in vars(one).values() if isinstance(k, CPUDispatcher)}}
    return {{(k.py_func.__qualname__, s) for k in kernels for s in k.signatures}}

bench = made_bench(shipped_arm(), output_mode={mode!r})
bench.tracker.warm_up()
before = compiled()
bench.joints()
bench.stream(path_from_home(200))
bench.wait(1000 * MS)
bench.target(FAR)
bench.wait(300 * MS)
bench.report(bench.tracker.hold(bench.now))
bench.wait(1000 * MS)
bench.tracker.resume()
bench.joints()
bench.target(HOME)
bench.wait(300 * MS)
bench.arm_obeys = False
bench.wait(1000 * MS)
bench.stop()
assert len(bench.commands) > 5 and before, 'it moved'
print(sorted(name for name, _ in compiled() - before))
"""


@pytest.mark.parametrize('mode', OUTPUT_MODES)
def test_nothing_is_compiled_after_warm_up(mode):
    code = SCRIPT.format(folder=str(REPOSITORY / 'test' / 'plain'), mode=mode)
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == '[]', 'compiled or loaded in the control loop'
