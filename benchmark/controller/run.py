# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
What an arm gets from the node, over everything that makes a cell uneven, on simulated time.

``python -m benchmark.controller.run`` prints a table in markdown; the same seed gives the same
numbers on any machine. "x limit" is the acceleration of the controller's output between two
updates over ``max_acceleration``, of the joint that is nearest to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from neural_ik_ros.kinematics import (
    Arm,
    FloatArray,
    Transform,
    arm_from_urdf,
    forward,
    is_within_limits,
)
from neural_ik_ros.motion import TRAJECTORY, TrackerConfig
from neural_ik_ros.simulation.paths import CartesianPath, PathConfig
from neural_ik_ros.simulation.simulated_controller import START_JOINTS
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

from .cell import Cell, CellConfig
from .figures import acceleration_use, delay_and_error, speed_use, tool_positions

REST_S, SETTLE_S = 0.1, 0.2  # before the first target, and before the path moves
MOVING = 1e-4  # [rad/s]
QUIET = CellConfig(source_jitter_s=0.0005, command_jitter_s=0.0003, update_jitter_s=0.0001)
BUSY = replace(QUIET, source_jitter_s=0.004, command_jitter_s=0.003, update_jitter_s=0.001)


@dataclass(frozen=True)
class Row:
    """One line of the table: a kind of cell, drawn again for every start."""

    name: str
    config: CellConfig
    stall_s: float = 0.0  # mean of times without the node, one a second on average


ROWS = (
    Row('250 Hz targets, 250 Hz controller, quiet', QUIET),
    Row('the same, busy: stalls of 20 ms on average', BUSY, stall_s=0.02),
    Row('500 Hz, 500 Hz', replace(QUIET, target_hz=500.0, controller_hz=500.0)),
    Row('1000 Hz, 1000 Hz', replace(QUIET, target_hz=1000.0, controller_hz=1000.0)),
    Row('100 Hz, 250 Hz, 4 ms of jitter', replace(BUSY, target_hz=100.0)),
    Row('250 Hz, 1000 Hz, 4 ms of jitter', replace(BUSY, controller_hz=1000.0)),
    Row('250 Hz, 250 Hz, 5 % of the messages lost', replace(QUIET, lost_share=0.05)),
    Row('controller clock 20 ms ahead', replace(QUIET, clock_ahead_s=0.02)),
    Row('controller clock 20 ms behind', replace(QUIET, clock_ahead_s=-0.02)),
    Row(
        'interpolate_from_desired_state: false, arm 20 ms late',
        replace(QUIET, interpolates_from_desired_state=False, arm_lag_s=0.02),
    ),
    Row(
        'joint states at 50 Hz, arm 100 ms late',
        replace(QUIET, joint_state_hz=50.0, arm_lag_s=0.1),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What one start gave."""

    p95: float  # [x limit]
    largest: float
    speed: float  # over its limit
    delay_ms: float
    error_p99_mm: float  # with the delay taken off


def stream_once(arm: Arm, row: Row, seed: int, duration_s: float) -> Outcome:
    """Track a circle at 0.25 m/s from a random phase on."""
    rng = np.random.default_rng(seed)
    stalls = [
        (float(rng.uniform(0.0, duration_s)), float(rng.exponential(row.stall_s)))
        for _ in range(round(duration_s) if row.stall_s else 0)
    ]
    config = replace(
        row.config, controller_phase=float(rng.random()), seed=seed, stalls=tuple(stalls)
    )
    path = CartesianPath(PathConfig(shape='circle', laps=2))

    def target(times: FloatArray) -> FloatArray:
        return path.transform(np.maximum(times - SETTLE_S, 0.0))

    cell = Cell(arm, config)
    cell.run(REST_S)
    cell.stream(lambda time_s: target(np.array(time_s)), duration_s)
    cell.run(duration_s)  # to the last target; the stop after it uses all of the limits
    times, q = cell.updates
    use = acceleration_use(times, q, cell.limits)
    is_moving = np.abs(np.diff(q, axis=0)).max(axis=1)[1:] > MOVING / config.controller_hz
    in_path = (times > REST_S + 1.0) & (times < REST_S + duration_s - 0.2)
    delay_s, error = delay_and_error(
        times[in_path] - REST_S,
        tool_positions(arm, q)[in_path],
        lambda times: target(times)[:, :3, 3],
    )
    return Outcome(
        p95=float(np.quantile(use[is_moving], 0.95)),
        largest=float(use.max()),
        speed=speed_use(times, q, cell.limits),
        delay_ms=1e3 * delay_s,
        error_p99_mm=1e3 * error,
    )


def replacements(arm: Arm, n: int) -> FloatArray:
    """Return the largest acceleration [x limit] after each of n motions replaced on the way."""
    rng = np.random.default_rng(1)
    config = CellConfig(
        tracker=TrackerConfig(output_mode=TRAJECTORY),
        command_latency_s=0.003,
        command_jitter_s=0.022,
        update_jitter_s=0.0003,
        seed=1,
    )
    cell, largest = Cell(arm, config), []
    cell.run(REST_S)
    goals = near_home(arm, rng)
    cell.target(next(goals))
    for _ in range(n):
        cell.run(float(rng.uniform(0.3, 0.8)))
        n_before = len(cell.updates[0])
        cell.target(next(goals))
        cell.run(0.3)
        times, q = (values[n_before - 3 :] for values in cell.updates)
        largest.append(float(acceleration_use(times, q, cell.limits).max()))
    return np.array(largest)


def near_home(arm: Arm, rng: np.random.Generator) -> Iterator[Transform]:
    """Yield random poses half a radian around the start."""
    while True:
        q = np.array(START_JOINTS) + rng.uniform(-0.5, 0.5, 6)
        if is_within_limits(arm, q):
            yield forward(arm, q)


def activations(arm: Arm, n: int) -> FloatArray:
    """Return the largest speed over its limit around n activations while targets flow."""
    rng = np.random.default_rng(2)
    path = CartesianPath(PathConfig(shape='circle', laps=2))
    largest = []
    for k in range(n):
        cell = Cell(arm, replace(QUIET, controller_phase=float(rng.random()), seed=k))
        cell.controller.deactivate()
        cell.run(REST_S)
        cell.stream(lambda time_s: path.transform(np.array(0.5 + time_s)), 1.2)
        cell.run(float(rng.uniform(0.0, 0.6)))
        cell.controller.activate()
        cell.run(0.6)
        largest.append(speed_use(*cell.updates, cell.limits))
    return np.array(largest)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--starts', type=int, default=50, help='of each kind of cell')
    parser.add_argument('--duration', type=float, default=3.0, help='of each, in seconds')
    given = parser.parse_args()
    arm = arm_from_urdf(read_urdf(shipped_urdf()))
    head = ('p95 [x limit]', 'max', 'starts above 1', 'speed / limit', 'delay [ms]', 'p99 [mm]')
    print('| Cell |', ' | '.join(head), '|')
    print('|---' * (len(head) + 1) + '|')
    for row in ROWS:
        outcomes = [
            stream_once(arm, row, seed, given.duration)
            for seed in tqdm(range(given.starts), desc=row.name, leave=False)
        ]
        print(f'| {row.name} | {summary(outcomes)} |', flush=True)
    use = replacements(arm, 4 * given.starts)
    print(
        f'\n{len(use)} motions replaced: median {np.median(use):.2f}, max {use.max():.3f} x limit'
    )
    speed = activations(arm, 2 * given.starts)
    print(f'{len(speed)} activations: largest speed {speed.max():.3f} of the limit')


def summary(outcomes: list[Outcome]) -> str:
    """Return the cells of one row: the worst of all starts, and the medians of delay and error."""
    return ' | '.join(
        (
            f'{max(one.p95 for one in outcomes):.3f}',
            f'{max(one.largest for one in outcomes):.3f}',
            f'{sum(one.largest > 1.0 for one in outcomes)} of {len(outcomes)}',
            f'{max(one.speed for one in outcomes):.2f}',
            f'{np.median([one.delay_ms for one in outcomes]):.1f}',
            f'{np.median([one.error_p99_mm for one in outcomes]):.4f}',
        )
    )


if __name__ == '__main__':
    main()
