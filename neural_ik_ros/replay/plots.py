# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of a replay: errors and joints over the time of the bag."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..kinematics import Arm
from .timeline import Timeline

mpl.use('Agg')

SOLUTION, SEED, DEVIATION, REFUSED = '#1b7837', '#762a83', '#2166ac', '#d6604d'
NO_METADATA = {'Software': None}  # the same file from every version of matplotlib


def save_plots(timeline: Timeline, arm: Arm, folder: Path) -> list[Path]:
    """Write PNG files to the folder; return their paths."""
    figures = {'errors.png': _errors(timeline), 'joints.png': _joints(timeline, arm)}
    paths = []
    for name, figure in figures.items():
        paths.append(folder / name)
        figure.savefig(paths[-1], dpi=110, metadata=NO_METADATA)
    return paths


def _errors(timeline: Timeline) -> Figure:
    """Plot the errors of seeds and solutions, and the deviation due to motion limits."""
    figure = Figure(figsize=(10.0, 6.0), layout='constrained')
    seeds, solved = figure.subplots(2, 1, sharex=True)
    time_s, is_refused = timeline.time_s, timeline.n_refused > 0
    seeds.plot(time_s, timeline.seed_error, '.', color=SEED, markersize=3.0)
    seeds.set_ylabel('seed to solution, worst joint [rad]')
    _show_refused(seeds, timeline)
    solved.plot(
        time_s, timeline.solution_error, '.', color=SOLUTION, markersize=3.0, label='solution'
    )
    if np.isfinite(timeline.deviation).any():
        solved.plot(
            time_s, timeline.deviation, '.', color=DEVIATION, markersize=3.0, label='motion limits'
        )
    solved.set_ylabel('tool off its target [m]')
    solved.set_xlabel('time in the bag [s]')
    solved.legend(loc='upper right')
    for axes in (seeds, solved):
        axes.set_yscale('log')
        axes.grid(alpha=0.3)
    n_refused = int(timeline.n_refused[is_refused].sum())
    seeds.set_title(f'{n_refused} refusals and faults' if n_refused else 'all solved')
    return figure


def _show_refused(axes: Axes, timeline: Timeline) -> None:
    for time_s in timeline.time_s[timeline.n_refused > 0]:
        axes.axvline(time_s, color=REFUSED, alpha=0.3, linewidth=1.0)


def _joints(timeline: Timeline, arm: Arm) -> Figure:
    """Plot the commanded joints and their limits."""
    figure = Figure(figsize=(10.0, 9.0), layout='constrained')
    for i, axes in enumerate(figure.subplots(len(arm.joint_names), 1, sharex=True)):
        low, high = timeline.lowest[:, i], timeline.highest[:, i]
        is_sent = np.isfinite(low)
        time_s = timeline.time_s[is_sent]
        axes.fill_between(time_s, low[is_sent], high[is_sent], color=DEVIATION, alpha=0.3)
        axes.plot(time_s, high[is_sent], color=DEVIATION, linewidth=1.0)
        for limit in () if arm.is_continuous[i] else (arm.lower[i], arm.upper[i]):
            axes.axhline(limit, color=REFUSED, linewidth=0.8)
        axes.set_ylabel(f'{arm.joint_names[i]} [rad]')
        axes.grid(alpha=0.3)
    axes.set_xlabel('time in the bag [s]')
    return figure
