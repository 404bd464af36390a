# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: time against solve rate, and the steps along the paths."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from .results import Results

mpl.use('Agg')

DPI = 80
OURS = '#d6604d'
PEERS = '#4d7ab0'
SETS = ('near', 'any', 'calibrated')


def save_plots(results: Results, folder: Path) -> list[Path]:
    """Return the PNG files written to the folder."""
    figures = {'benchmark_time.png': _times(results), 'benchmark_paths.png': _steps(results)}
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=DPI)
    return [folder / name for name in figures]


def _times(results: Results) -> Figure:
    """Return the median time of a call of each solver, with its solve rate beside it."""
    solvers = [peer.name for peer in results.peers if peer.is_solver]
    figure = Figure(figsize=(11, 4.2), layout='constrained')
    for column, name in enumerate(SETS):
        axes = figure.add_subplot(1, len(SETS), column + 1)
        for line, peer in enumerate(reversed(solvers)):
            row = results.row(name, peer)
            if row is None:
                axes.text(2.0, line, 'no method', va='center', fontsize=8, color='#777777')
                continue
            color = OURS if peer.startswith('ours') else PEERS
            axes.barh(line, row.p50_us, left=0.0, color=color)
            share = f'{math.floor(100.0 * row.solved)} %'  # 100 only if nothing is missing
            axes.text(1.15 * row.p50_us, line, share, va='center', fontsize=8)
        axes.set(xscale='log', xlim=(1.0, 1e6), title=name, xlabel='median [µs]; solved in %')
        axes.set_yticks(range(len(solvers)), reversed(solvers) if column == 0 else [])
    return figure


def _steps(results: Results) -> Figure:
    """Return the largest step of a joint along each path, by solver."""
    names = list(dict.fromkeys(row.path for row in results.paths))
    peers = list(dict.fromkeys(row.peer for row in results.paths))
    figure = Figure(figsize=(11, 4.2), layout='constrained')
    axes = figure.add_subplot()
    width = 0.8 / max(1, len(names))
    for k, name in enumerate(names):
        found = {row.peer: row for row in results.paths if row.path == name}
        steps = [np.degrees(found[p].max_joint_step) if p in found else np.nan for p in peers]
        axes.bar(np.arange(len(peers)) + k * width, steps, width, label=name)
    axes.set(yscale='log', ylabel='largest step of a joint [deg]')
    axes.set_xticks(np.arange(len(peers)) + 0.4 - 0.5 * width, peers, rotation=30, ha='right')
    axes.legend(title='path at 250 Hz')
    return figure
