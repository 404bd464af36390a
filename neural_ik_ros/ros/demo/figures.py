# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a demo: the path, the errors over time, the latencies."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...kinematics import Arm, FloatArray, forward
from .analysis import NS, SETTLE_S, IntArray, Recording, matches, tool_distances

mpl.use('Agg')

TARGET, SOLUTION, COMMAND, ARM, RELAY = '#444444', '#1b7837', '#2166ac', '#d6604d', '#999999'


def save_figures(recording: Recording, arm: Arm, folder: Path) -> list[Path]:
    """Return the PNG files written to the folder."""
    figures = {
        'path.png': _path_figure(recording, arm),
        'error.png': _error_figure(recording, arm),
        'latency.png': _latency_figure(recording),
    }
    paths = []
    for name, figure in figures.items():
        paths.append(folder / name)
        figure.savefig(paths[-1], dpi=110)
    return paths


def _path_figure(recording: Recording, arm: Arm) -> Figure:
    """Draw targets and the tool of the simulated arm, seen from above and from the side."""
    last = recording.solution_stamp[-1]
    targets = recording.targets[recording.target_stamp <= last, :3, 3]
    during = recording.joint_stamp <= last
    tools = forward(arm, recording.joint_q[during])[:, :3, 3]
    figure = Figure(figsize=(10.0, 4.8), layout='constrained')
    views = figure.subplots(1, 2)
    for axes, (i, j), names in zip(views, ((0, 1), (1, 2)), ('xy', 'yz'), strict=True):
        axes.plot(tools[:, i], tools[:, j], color=ARM, linewidth=3.0, label='simulated arm')
        axes.plot(targets[:, i], targets[:, j], color=TARGET, linewidth=0.8, label='targets')
        axes.set_xlabel(f'{names[0]} [m]')
        axes.set_ylabel(f'{names[1]} [m]')
        axes.set_aspect('equal', adjustable='datalim')
        axes.grid(alpha=0.3)
    views[0].set_title('tool path from above')
    views[1].set_title('from the front')
    views[0].legend(loc='upper right')
    return figure


def _error_figure(recording: Recording, arm: Arm) -> Figure:
    """Draw the tool error of solutions, commands and the simulated arm over time."""
    answered, rows = matches(recording.target_stamp, recording.solution_stamp)
    commands = np.searchsorted(recording.command_sent, recording.solution_sent[answered]) - 1
    targets = recording.targets[rows]
    newest = np.searchsorted(recording.target_stamp, recording.joint_stamp, 'right') - 1
    during = (newest >= 0) & (recording.joint_stamp <= recording.solution_stamp[-1])
    series = (
        (recording.solution_stamp[answered], recording.solution_q[answered], targets),
        (recording.solution_stamp[answered], recording.command_q[commands], targets),
        (
            recording.joint_stamp[during],
            recording.joint_q[during],
            recording.targets[newest[during]],
        ),
    )
    names = ('exact solution', 'commanded joints', 'simulated arm, same moment')
    figure = Figure(figsize=(10.0, 6.0), layout='constrained')
    position, rotation = figure.subplots(2, 1, sharex=True)
    for (stamps, q, goals), name, color in zip(
        series, names, (SOLUTION, COMMAND, ARM), strict=True
    ):
        distances = tool_distances(forward(arm, q), goals)
        for axes, values in zip((position, rotation), distances, strict=True):
            _plot_over_time(axes, stamps - recording.target_stamp[0], values, name, color)
    position.set_ylabel('position error [m]')
    rotation.set_ylabel('rotation error [rad]')
    rotation.set_xlabel('time [s]')
    position.legend(loc='center right')
    return figure


def _plot_over_time(
    axes: Axes, time_ns: IntArray, values: FloatArray, name: str, color: str
) -> None:
    axes.semilogy(time_ns * NS, values.clip(min=1e-17), color=color, linewidth=0.9, label=name)
    axes.axvline(SETTLE_S, color=RELAY, linewidth=0.5, linestyle=':')
    axes.grid(alpha=0.3)


def _latency_figure(recording: Recording) -> Figure:
    """Draw how many answers came within a time, for the node and for the empty relay."""
    answered, rows = matches(recording.target_stamp, recording.solution_stamp)
    commands = np.searchsorted(recording.command_sent, recording.solution_sent[answered]) - 1
    node = recording.command_received[commands] - recording.target_sent[rows]
    relayed, rows = matches(recording.target_stamp, recording.relayed_stamp)
    relay = recording.relayed_received[relayed] - recording.target_sent[rows]
    figure = Figure(figsize=(8.0, 4.5), layout='constrained')
    axes = figure.subplots()
    for values, name, color in ((node, 'neural_ik', COMMAND), (relay, 'empty relay', RELAY)):
        sorted_ms = np.sort(values) * 1e-6
        share = np.arange(1, len(sorted_ms) + 1) / len(sorted_ms)
        axes.plot(sorted_ms, 100.0 * share, color=color, label=name)
    axes.set_xscale('log')
    axes.set_xlabel('pose sent to trajectory received [ms]')
    axes.set_ylabel('answers within this time [%]')
    axes.grid(alpha=0.3, which='both')
    axes.legend(loc='lower right')
    return figure
