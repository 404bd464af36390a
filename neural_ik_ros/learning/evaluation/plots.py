# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of an evaluation: maps and distributions of the errors, and learning curves."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from PIL import Image

from ...kinematics import FloatArray
from .predictors import HOLD_CURRENT
from .results import Evaluation
from .set_errors import Locations, SetErrors

mpl.use('Agg')

DPI = 80
N_COLORS = 255
CELL_SIZE = 0.1  # [m] of the maps
MIN_IN_CELL = 5  # samples, for a median to be drawn
N_BINS = 24  # of the distances to singularities
MIN_IN_BIN = 20  # samples
MANY_DECADES = 1e3  # of an axis
MIN_ERROR = 1e-12  # drawn for smaller errors, since zero has no logarithm
COLORS = ('#999999', '#d6604d', '#2166ac', '#1b7837', '#762a83', '#b35806')


def save_plots(
    evaluation: Evaluation, set_errors: Mapping[str, SetErrors], folder: Path
) -> list[Path]:
    """Write PNG files of networks and persistence baseline on the main sets; return paths."""
    shown = [HOLD_CURRENT, *evaluation.networks]
    main = {name: set_errors[name] for name in evaluation.main_sets}
    figures = {
        'error_map.png': _error_map(main, shown),
        'joint_errors.png': _joint_errors(main, shown),
        'singularity.png': _singularity(main, shown),
    }
    if evaluation.histories:
        figures['learning_curves.png'] = _learning_curves(evaluation.histories)
    for name, figure in figures.items():
        _save(figure, folder / name)
    return [folder / name for name in figures]


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG with a palette, a third of the size of a full-colour one."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    Image.open(drawn).convert('RGB').quantize(N_COLORS).save(path, optimize=True)


def _error_map(set_errors: Mapping[str, SetErrors], shown: Sequence[str]) -> Figure:
    """Draw the median tool error over radius and height, one map per set and predictor."""
    n_rows, n_columns = len(set_errors), len(shown)
    figure = Figure(figsize=(1.4 + 2.6 * n_columns, 0.6 + 2.5 * n_rows), layout='constrained')
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for axes_row, (name, one) in zip(grid, set_errors.items(), strict=True):
        maps = [
            _median_map(one.locations, one.unrefined[predictor].position) for predictor in shown
        ]
        medians = 1e3 * np.concatenate([cells[~np.isnan(cells)] for *_, cells in maps])
        norm = _log_norm(medians)
        for axes, (radius, height, cells) in zip(axes_row, maps, strict=True):
            drawn = axes.pcolormesh(radius, height, 1e3 * cells.T, norm=norm, cmap='viridis')
            axes.set_aspect('equal')
        axes_row[0].set_ylabel(f'{name}\nheight [m]')
        bar = figure.colorbar(drawn, ax=list(axes_row), label='median error [mm]')
        _plain_numbers(bar.ax.yaxis)
    for axes, predictor in zip(grid[0], shown, strict=True):
        axes.set_title(predictor)
    for axes in grid[-1]:
        axes.set_xlabel('radius [m]')
    return figure


def _median_map(
    locations: Locations, errors: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return edges of radius and height, and the median of each cell, NaN with few samples."""
    radius, height = locations.radius, locations.height
    edges = [
        CELL_SIZE
        * np.arange(np.floor(along.min() / CELL_SIZE), np.floor(along.max() / CELL_SIZE) + 2.0)
        for along in (radius, height)
    ]
    n_cells = [len(edge) - 1 for edge in edges]
    cell = [
        np.clip(np.digitize(along, edge) - 1, 0, n - 1)
        for along, edge, n in zip((radius, height), edges, n_cells, strict=True)
    ]
    flat = np.ravel_multi_index(cell, n_cells)
    medians = np.full(n_cells[0] * n_cells[1], np.nan)
    for index in np.unique(flat):
        inside = errors[flat == index]
        if len(inside) >= MIN_IN_CELL:
            medians[index] = np.median(inside)
    return edges[0], edges[1], medians.reshape(n_cells)


def _joint_errors(set_errors: Mapping[str, SetErrors], shown: Sequence[str]) -> Figure:
    """Draw a histogram of the error of each joint, one row for each set."""
    figure = Figure(figsize=(13.0, 0.9 + 1.9 * len(set_errors)), layout='constrained')
    grid = figure.subplots(len(set_errors), 6, squeeze=False, sharex='row')
    for axes_row, (name, one) in zip(grid, set_errors.items(), strict=True):
        rows = {predictor: np.degrees(one.unrefined[predictor].joint) for predictor in shown}
        bins = _log_bins(np.concatenate([values.ravel() for values in rows.values()]), 60)
        for joint, axes in enumerate(axes_row):
            for (predictor, values), color in zip(rows.items(), cycle(COLORS), strict=False):
                share, _ = np.histogram(values[:, joint].clip(bins[0], bins[-1]), bins)
                axes.stairs(100.0 * share / len(values), bins, color=color, label=predictor)
            axes.set_xscale('log')
            axes.set_xlim(bins[0], bins[-1])
            axes.set_yticks([])
            axes.grid(alpha=0.3)
        axes_row[0].set_ylabel(f'{name}\nshare')
    for joint, axes in enumerate(grid[0], 1):
        axes.set_title(f'joint_{joint}')
    for axes in grid[-1]:
        axes.set_xlabel('error [deg]')
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc='outside upper center', ncols=6)
    return figure


def _singularity(set_errors: Mapping[str, SetErrors], shown: Sequence[str]) -> Figure:
    """Draw errors over the distance to singularities, one row for each set."""
    figure = Figure(figsize=(13.0, 0.9 + 2.3 * len(set_errors)), layout='constrained')
    grid = figure.subplots(len(set_errors), 4, squeeze=False, sharex='col')
    for axes_row, (name, one) in zip(grid, set_errors.items(), strict=True):
        distances = (np.degrees(one.locations.wrist_angle), one.locations.singular_value)
        for predictor, color in zip(shown, cycle(COLORS), strict=False):
            tool = 1e3 * one.unrefined[predictor].position
            joint = np.degrees(one.unrefined[predictor].joint.max(axis=-1))
            for column, errors in enumerate((tool, joint, tool, joint)):
                _draw_percentiles(
                    axes_row[column], distances[column // 2], errors, color, predictor
                )
        axes_row[0].set_ylabel(name)
    for column, axes in enumerate(grid[0]):
        axes.set_title(('tool error [mm]', 'largest joint error [deg]')[column % 2])
    for column, axes in enumerate(grid[-1]):
        distance = ('angle to the wrist singularity [deg]', 'smallest singular value')
        axes.set_xlabel(distance[column // 2])
    grid[0, 0].plot([], [], ':', color='black', label='95 %')
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc='outside upper center', ncols=6)
    return figure


def _draw_percentiles(
    axes: Axes, along: FloatArray, errors: FloatArray, color: str, label: str
) -> None:
    """Draw median and 95th percentile of the errors in logarithmic bins."""
    edges = _log_edges(max(along.min(), 1e-3 * along.max()), along.max(), N_BINS)
    parts = np.digitize(along, edges)
    filled = [part for part in range(1, N_BINS) if np.sum(parts == part) >= MIN_IN_BIN]
    middle = [np.sqrt(edges[part - 1] * edges[part]) for part in filled]
    axes.set_xscale('log')
    axes.set_xlim(edges[0], edges[-1])
    for percentile, style in ((50, '-'), (95, ':')):
        values = [np.percentile(errors[parts == part], percentile) for part in filled]
        name = label if percentile == 50 else None
        axes.plot(middle, np.clip(values, MIN_ERROR, None), style, color=color, label=name)
    if filled:  # an axis without numbers cannot be logarithmic
        axes.set_yscale('log')
        _plain_numbers(axes.yaxis)
    axes.grid(alpha=0.3)


def _learning_curves(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw every recorded quantity over the epochs."""
    quantities = list(dict.fromkeys(name for history in histories.values() for name in history))
    figure = Figure(figsize=(4.4 * len(quantities), 3.6), layout='constrained')
    grid: Any = figure.subplots(1, len(quantities), squeeze=False)
    for axes, quantity in zip(grid[0], quantities, strict=True):
        for (name, history), color in zip(histories.items(), cycle(COLORS[1:]), strict=False):
            values = history.get(quantity, [])
            axes.semilogy(range(1, len(values) + 1), values, color=color, label=name)
        _plain_numbers(axes.yaxis)
        axes.set_title(quantity.replace('_', ' '))
        axes.set_xlabel('epoch')
        axes.grid(alpha=0.3)
    grid[0, 0].legend()
    return figure


class _DecimalLocator(LogLocator):
    """Ticks at 1, 2 and 5 of each decade, or at 1 where there are many decades."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the ticks between two values."""
        self.set_params(subs=(1.0,) if vmax > MANY_DECADES * vmin else (1.0, 2.0, 5.0))
        return super().tick_values(vmin, vmax)


def _plain_numbers(axis: Axis) -> None:
    """Label a logarithmic axis without powers of ten."""
    axis.set_major_locator(_DecimalLocator(numticks=8))
    axis.set_major_formatter('{x:g}')
    axis.set_minor_formatter(NullFormatter())


def _log_bins(values: FloatArray, n_bins: int) -> FloatArray:
    """Return edges that hold all but the smallest thousandth of the values."""
    positive = values[values > 0.0]
    if not len(positive):
        return _log_edges(MIN_ERROR, 1.0, n_bins + 1)
    return _log_edges(np.percentile(positive, 0.1), positive.max(), n_bins + 1)


def _log_edges(low: float, high: float, n: int) -> FloatArray:
    """Return n rising edges, however close low and high are."""
    low = max(low, MIN_ERROR)
    edges: FloatArray = np.geomspace(low, max(high, 1.001 * low), n)
    return edges


def _log_norm(values: FloatArray) -> LogNorm:
    edges = _log_bins(values, 1)
    return LogNorm(edges[0], edges[-1])
