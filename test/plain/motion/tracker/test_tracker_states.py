# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The states of the tracker and each transition between them, as docs/design.md draws them."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import REPOSITORY
from tracker_bench import FAR, HOME, MS, PERIOD, Bench, path_from_home

from neural_ik_ros.motion import OUTPUT_MODES, TrackerState

IDLE, TRACKING, HOLDING, FAULT = TrackerState
NEAR = HOME + 0.01
ARRIVED = 1000 * MS  # enough to get there, and to be idle afterwards


@pytest.fixture(params=OUTPUT_MODES)
def ready(request, make_bench) -> Bench:
    bench = make_bench(output_mode=request.param, max_following_error=0.0)
    bench.joints()
    return bench


def state(bench: Bench) -> TrackerState:
    """Return the state, after comparing with it what is derived from it."""
    state = bench.tracker.state(bench.now)
    health = bench.tracker.health(bench.now)
    assert bench.tracker.is_at_rest(bench.now) == (state is not TRACKING)
    assert health.is_moving == (state is TRACKING)
    assert (health.fault != 'none') == (state is FAULT)
    return state


def states_until(bench: Bench, duration: int) -> list[TrackerState]:
    """Return the states that follow one another, each once."""
    states = [state(bench)]
    for _ in range(duration // PERIOD):
        bench.wait(PERIOD)
        if state(bench) is not states[-1]:
            states.append(state(bench))
    return states


def test_motion_to_a_target_ends_in_holding_and_then_idle(ready):
    assert state(ready) is IDLE
    ready.target(NEAR)
    assert states_until(ready, ARRIVED) == [TRACKING, HOLDING, IDLE]


def test_refused_target_leaves_the_state(ready):
    ready.target(FAR, age=1000 * MS)
    assert state(ready) is IDLE
    ready.target(NEAR)
    ready.target(FAR, age=1000 * MS)
    assert state(ready) is TRACKING


def test_target_continues_a_motion_that_holds(ready):
    ready.target(NEAR)
    for _ in range(ARRIVED // PERIOD):
        if state(ready) is HOLDING:
            break
        ready.wait(PERIOD)
    assert state(ready) is HOLDING
    ready.target(HOME)
    assert states_until(ready, ARRIVED) == [TRACKING, HOLDING, IDLE]


def test_stream_that_stands_still_holds_and_does_not_become_idle(make_bench):
    bench = make_bench()
    bench.joints()
    bench.stream(np.array([HOME] * 20))
    for _ in range(100):
        bench.stream(HOME[None])
        assert state(bench) is HOLDING


@pytest.mark.parametrize('is_moving', [False, True])
def test_inhibit_is_a_fault_from_any_state_until_restart(ready, is_moving):
    if is_moving:
        ready.target(FAR)
    ready.report(ready.tracker.inhibit('another arm', ready.now))
    assert (ready.faults[0].command is not None) == is_moving
    assert states_until(ready, 3 * ARRIVED) == [FAULT]
    assert ready.tracker.resume() != ''
    assert state(ready) is FAULT
    ready.tracker.restart()
    assert state(ready) is IDLE


@pytest.mark.parametrize('is_moving', [False, True])
def test_hold_is_a_fault_from_any_state_until_resume(ready, is_moving):
    if is_moving:
        ready.target(FAR)
        ready.wait(100 * MS)
    ready.report(ready.tracker.hold(ready.now))
    assert (ready.faults[0].command is not None) == is_moving
    assert states_until(ready, 3 * ARRIVED) == [FAULT]
    assert ready.tracker.resume() == ''
    assert state(ready) is IDLE


def test_fault_recovers_to_idle_when_the_arm_has_rested(ready):
    ready.target(FAR)
    ready.wait(300 * MS)
    ready.now += 501 * MS  # without joint states
    ready.tick()
    assert states_until(ready, ARRIVED) == [FAULT, IDLE]


@pytest.mark.parametrize('output_mode', OUTPUT_MODES)
def test_reconfigure_ends_a_motion_but_not_a_fault(ready, make_bench, output_mode):
    other = make_bench(output_mode=output_mode).tracker
    ready.target(FAR)
    ready.tracker.reconfigure(other.solver, other.generator, other.config)
    assert state(ready) is IDLE
    ready.tracker.inhibit('another arm', ready.now)
    ready.tracker.reconfigure(other.solver, other.generator, other.config)
    assert state(ready) is FAULT


def test_stop_ends_in_idle(make_bench):
    bench = make_bench()
    bench.stream(path_from_home(250))
    assert state(bench) is TRACKING
    assert bench.stop() is not None
    assert state(bench) is IDLE


def test_every_state_is_drawn():
    text = (REPOSITORY / 'docs' / 'design.md').read_text(encoding='utf-8')
    drawing = text.partition('## States of the tracker')[2].partition('\n## ')[0]
    assert len(TrackerState) == 4
    for one in TrackerState:
        assert one.name in drawing
