# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Peers for tests of the benchmark, in a file of their own that a new process can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from neural_ik_ros.solver import CurrentJoints, IkSolver

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmark is not installed

from benchmark.peers.adapter import Adapter, RefusedArmError

TURNS = np.array([0, 0, 0, 0, 0, 8.0 * np.pi])
FATAL_CALL = 25  # after the calls for agreement, within those of the first set


def peer(build):
    return Adapter(name=build.__name__, package='numpy', kind='', call='', build=build)


def honest(arm):
    solver = IkSolver(arm, CurrentJoints())
    return lambda target, q: solver.solve(target, q).q


def beyond_limits(arm):
    solve = honest(arm)
    return lambda target, q: solve(target, q) + TURNS


def other_arm(arm):
    return honest(replace(arm, translations=arm.translations + np.array([0.0, 0.0, 0.01])))


def echo(_):
    return lambda _, q: q


def adding(_):
    return lambda _, q: q + 1.0


def silent(_):
    return lambda *_: None


def missing(_):
    raise ImportError('no such package\nbut another one')


def refusing(_):
    raise RefusedArmError('refusing', 'another family')


def crashing(_):
    """Die as a peer does that is not written in Python, in the midst of its calls."""
    n_calls = 0

    def solve(_, q):
        nonlocal n_calls
        n_calls += 1
        if n_calls == FATAL_CALL:
            os.kill(os.getpid(), signal.SIGSEGV)
        return q

    return solve


def raising(_):
    raise ZeroDivisionError


def endless(_):
    return lambda *_: time.sleep(600.0)


def counting(_):
    """Answer how often it was built in this process, how the process is run, and what it has."""
    counting.builds = getattr(counting, 'builds', 0) + 1
    builds = counting.builds

    def solve(_, q):
        cores = os.sched_getaffinity(0)
        threads = os.environ.get('OMP_NUM_THREADS', 'nan')
        n_foreign = sum(name in sys.modules for name in FOREIGN)
        return np.array([builds, len(cores), min(cores), float(threads), n_foreign, q[0]])

    return solve


FOREIGN = ('pinocchio', 'ai_edge_litert', 'tensorflow', 'mujoco', 'py_opw_kinematics')
