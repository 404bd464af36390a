# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of this example: the circle from above, and by how much it was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

plt.style.use(Path(__file__).parents[1] / 'pictures.mplstyle')


def draw(
    centre: Sequence[float],
    radius: float,
    tools: Mapping[str, np.ndarray],
    errors: Mapping[str, np.ndarray],
    file: Path,
) -> None:
    """Draw tool positions (n, 3) [m] and their distances (n,) [m] from the circle."""
    figure, (above, axes) = plt.subplots(1, 2, figsize=(10.0, 4.2), width_ratios=(1, 1.4))
    points = tools['simulated arm']
    above.plot(points[:, 1], points[:, 0], color='C2', lw=4, label='simulated arm')
    angles = np.linspace(0.0, 2.0 * np.pi, 200)
    above.plot(
        centre[1] + radius * np.cos(angles),
        centre[0] + radius * np.sin(angles),
        *('k--',),
        lw=1,
        label='circle',
    )
    above.set(xlabel='y [m]', ylabel='x [m]', title='from above')
    above.set_aspect('equal')
    above.legend(loc='center')

    for (name, off), style in zip(errors.items(), ('C0o', 'C2-'), strict=True):
        share = np.linspace(0.0, 100.0, len(off))
        axes.plot(share, off.clip(1e-17), style, ms=2, label=name)
    axes.set(yscale='log', xlabel='time of the round [%]', ylabel='tool off the circle [m]')
    axes.legend(loc='center right')
    figure.savefig(file)
