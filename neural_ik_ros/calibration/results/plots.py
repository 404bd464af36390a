# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a calibration: errors before and after, joint maps with coverage, residuals."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...kinematics import N_JOINTS, N_NODES
from ..fit.design import FRAMES, SETUP
from ..fit.identify import Identification
from ..fit.series import N_BINS
from .report import BEFORE, FULL, GEOMETRY

DPI = 120


def write_pictures(folder: Path, found: Identification) -> None:
    """Write ``errors.png``, ``joint_maps.png`` and ``residuals.png``."""
    import matplotlib as mpl

    mpl.use('Agg')
    _errors(folder / 'errors.png', found)
    _maps(folder / 'joint_maps.png', found)
    _residuals(folder / 'residuals.png', found)


def _errors(path: Path, found: Identification) -> None:
    """Draw the distribution of held-out errors of each model."""
    from matplotlib import pyplot as plt

    chosen = [one for one in found.tried if one.is_kept][-1]
    by_parts = {one.choice.parts: one for one in found.tried}
    models = {BEFORE: by_parts[SETUP,], GEOMETRY: by_parts[SETUP, FRAMES], FULL: chosen}
    figure, axes = plt.subplots(figsize=(6.0, 3.5), layout='constrained')
    for name, one in models.items():
        errors = np.sort(1e3 * np.linalg.norm(one.random[:, :3], axis=1))
        axes.plot(errors, np.linspace(0.0, 100.0, len(errors)), label=name)
    axes.set(xlabel='position error of held-out rows [mm]', ylabel='rows below [%]')
    axes.set_xscale('log')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _maps(path: Path, found: Identification) -> None:
    """Draw each joint's map over its angle, measured angles shaded."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(N_JOINTS, 1, figsize=(8.0, 9.0), sharex=True, layout='constrained')
    errors, degrees = found.arm.joint_errors, np.arange(N_NODES) * (360.0 / N_NODES)
    width = 360.0 / N_BINS
    for j, (one, name) in enumerate(zip(axes, found.arm.joint_names, strict=True)):
        for k in np.flatnonzero(found.covered[j]):
            one.axvspan(k * width, (k + 1) * width, color='tab:green', alpha=0.12, lw=0)
        if errors is not None:
            one.plot(degrees, 1e3 * errors.values[j], lw=0.9)
        one.set_ylabel(f'{name}\n[mrad]')
        one.grid(alpha=0.3)
    axes[-1].set(xlabel='angle of the joint [deg]; measured angles shaded', xlim=(0, 360))
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _residuals(path: Path, found: Identification) -> None:
    """Draw what is left over each joint's angle and over the workspace."""
    from matplotlib import pyplot as plt

    errors = 1e3 * np.linalg.norm(found.residuals[:, :3], axis=1)
    figure, axes = plt.subplots(2, 4, figsize=(12.0, 5.5), layout='constrained')
    flat = axes.ravel()
    for j, name in enumerate(found.arm.joint_names):
        flat[j].plot(np.degrees(found.measured.q[:, j]), errors, '.', ms=2, alpha=0.5)
        flat[j].set(xlabel=f'{name} [deg]', ylabel='residual [mm]')
    from ...kinematics import forward

    tools = forward(found.arm, found.measured.q)[:, :3, 3]
    radius = np.hypot(tools[:, 0], tools[:, 1])
    shown = flat[6].scatter(radius, tools[:, 2], c=errors, s=4)
    flat[6].set(xlabel='distance from axis 1 [m]', ylabel='height [m]')
    figure.colorbar(shown, ax=flat[6], label='residual [mm]')
    flat[7].plot(errors, '.', ms=2, alpha=0.5)
    flat[7].set(xlabel='row', ylabel='residual [mm]')
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
