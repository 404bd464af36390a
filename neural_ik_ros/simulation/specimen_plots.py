# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of a calibrated specimen: the true error of its tool along a path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ..kinematics import FloatArray

mpl.use('Agg')
SMALLEST_MM = 1e-3  # shown
COLOURS = ('#d6604d', '#fdae61', '#2166ac', '#777777')


def save_error_plot(
    times: FloatArray,
    on_path: Mapping[str, FloatArray],
    elsewhere: Mapping[str, FloatArray],
    file: Path,
) -> None:
    """
    Draw errors over the time of the path, and their distribution at poses all over.

    :param on_path: Errors (n,) [m] at times (n,) [s], by the name of the model.
    :param elsewhere: Errors (k,) [m], by the same names.
    """
    figure = Figure(figsize=(10.0, 4.2), layout='constrained')
    path, shares = figure.subplots(1, 2)
    for (name, errors), colour in zip(on_path.items(), COLOURS, strict=True):
        path.semilogy(times, 1e3 * errors, color=colour, linewidth=1.0, label=name)
        found = np.sort(elsewhere[name])
        share = 100.0 * np.arange(1, len(found) + 1) / len(found)
        shares.semilogx(1e3 * found, share, color=colour, label=name)
    path.set_ylim(bottom=SMALLEST_MM)
    path.set_xlabel('time on the path [s]')
    path.set_ylabel('true error of the tool [mm]')
    shares.set_xlabel('true error of the tool, poses all over [mm]')
    shares.set_ylabel('poses with less [%]')
    for axes in (path, shares):
        axes.grid(alpha=0.3, which='both')
    shares.legend(loc='lower right')
    figure.savefig(file, dpi=110)
