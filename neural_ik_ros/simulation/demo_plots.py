# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of a demo: the path, the errors over time, the latencies."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from ..kinematics import Arm, FloatArray, forward, joint_positions, pose_error
from ..units import S_PER_NS
from .demo_report import SETTLE_S, IntArray, Recording, latency_ns, match_stamps, match_targets

mpl.use('Agg')

TARGET, SOLUTION, COMMAND, ARM, RELAY = '#444444', '#1b7837', '#2166ac', '#d6604d', '#999999'


def save_plots(recording: Recording, arm: Arm, folder: Path) -> list[Path]:
    """Write PNG files to a folder; return their paths."""
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
    """Draw the arm on its path, and targets and tool from above."""
    last = recording.solution_stamp_ns[-1]
    targets = recording.targets[recording.target_stamp_ns <= last, :3, 3]
    joints = recording.joint_q[recording.joint_stamp_ns <= last]
    tools = forward(arm, joints)[:, :3, 3]
    figure = Figure(figsize=(11.0, 4.6), layout='constrained')
    space = figure.add_subplot(1, 2, 1, projection='3d')
    space.plot(*tools.T, color=ARM, linewidth=2.0)
    for row, alpha in ((len(joints) // 3, 0.3), (len(joints) // 2, 1.0)):
        space.plot(
            *joint_positions(arm, joints[row]).T, 'o-', color=TARGET, linewidth=4.0, alpha=alpha
        )
    space.set_aspect('equal')
    space.set_yticks([-0.2, 0.0, 0.2])
    space.set_xlabel('x [m]')
    space.set_ylabel('y [m]')
    space.set_zlabel('z [m]')
    space.view_init(elev=22.0, azim=-58.0)
    above = figure.add_subplot(1, 2, 2)
    above.plot(tools[:, 1], tools[:, 0], color=ARM, linewidth=3.5, label='tool of the arm')
    above.plot(targets[:, 1], targets[:, 0], color=TARGET, linewidth=0.8, label='targets')
    above.set_xlabel('y [m]')
    above.set_ylabel('x [m]')
    above.set_aspect('equal', adjustable='datalim')
    above.grid(alpha=0.3)
    above.legend(loc='upper right')
    above.set_title('from above')
    return figure


def _error_figure(recording: Recording, arm: Arm) -> Figure:
    """Draw the tool error of solutions, commands and the simulated arm over time."""
    answers = match_targets(recording)
    stamps, targets = (
        recording.target_stamp_ns[answers.targets],
        recording.targets[answers.targets],
    )
    newest = np.searchsorted(recording.target_stamp_ns, recording.joint_stamp_ns, 'right') - 1
    during = (newest >= 0) & (recording.joint_stamp_ns <= recording.solution_stamp_ns[-1])
    arm_stamps, arm_q = recording.joint_stamp_ns[during], recording.joint_q[during]
    command_q = recording.command_q[answers.commands]
    solution_q = recording.solution_q[answers.solutions]
    series = (  # the largest errors first, so that they do not hide the others
        ('simulated arm, same moment', ARM, arm_stamps, arm_q, recording.targets[newest[during]]),
        ('commanded joints', COMMAND, stamps, command_q, targets),
        ('exact solution', SOLUTION, stamps, solution_q, targets),
    )
    figure = Figure(figsize=(10.0, 6.0), layout='constrained')
    position, rotation = figure.subplots(2, 1, sharex=True)
    for name, color, time_ns, q, goals in series:
        distances = pose_error(forward(arm, q), goals)
        for axes, values in zip((position, rotation), distances, strict=True):
            _plot_over_time(axes, time_ns - recording.target_stamp_ns[0], values, name, color)
    position.set_ylabel('position error [m]')
    rotation.set_ylabel('rotation error [rad]')
    rotation.set_xlabel('time [s]')
    figure.legend(*position.get_legend_handles_labels(), loc='outside upper center', ncols=3)
    return figure


def _plot_over_time(
    axes: Axes, time_ns: IntArray, values: FloatArray, name: str, color: str
) -> None:
    axes.semilogy(
        time_ns * S_PER_NS, values.clip(min=1e-17), color=color, linewidth=0.9, label=name
    )
    axes.axvline(SETTLE_S, color=RELAY, linewidth=0.5, linestyle=':')
    axes.grid(alpha=0.3)


def _latency_figure(recording: Recording) -> Figure:
    """Draw the cumulative distribution of latencies, for the node and the empty relay."""
    node = latency_ns(recording, match_targets(recording))
    relayed, rows = match_stamps(recording.target_stamp_ns, recording.relayed_stamp_ns)
    relay = recording.relayed_received_ns[relayed] - recording.target_sent_ns[rows]
    figure = Figure(figsize=(8.0, 4.5), layout='constrained')
    axes = figure.subplots()
    for values, name, color in ((node, 'neural_ik', COMMAND), (relay, 'empty relay', RELAY)):
        sorted_ms = np.sort(values) * 1e-6
        share = np.arange(1, len(sorted_ms) + 1) / len(sorted_ms)
        axes.plot(sorted_ms, 100.0 * share, color=color, label=name)
    axes.set_xscale('log')
    axes.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.xaxis.set_major_formatter('{x:g}')
    axes.xaxis.set_minor_formatter('{x:g}')
    axes.set_xlabel('pose sent to trajectory received [ms]')
    axes.set_ylabel('answers within this time [%]')
    axes.grid(alpha=0.3, which='both')
    axes.legend(loc='lower right')
    return figure
