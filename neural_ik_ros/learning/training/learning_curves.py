# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plot of the learning curves of a run."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...atomic_files import atomic_write
from .run_folder import EpochRecord, RunFolder, file_not_written

mpl.use('Agg')


def draw_learning_curves(run: RunFolder, history: Sequence[EpochRecord]) -> None:
    """
    Draw loss and joint RMSE over the epochs, replacing the run's picture.

    :raises TrainingError: If it cannot be written.
    """
    figure = Figure(figsize=(9.0, 3.6), layout='constrained')
    loss, error = figure.subplots(1, 2)
    epochs = [record.epoch for record in history]
    marker = '.' if len(history) < 3 else None  # a line needs two points
    loss.plot(epochs, [record.loss for record in history], marker=marker, label='training')
    loss.plot(
        epochs, [record.validation_loss for record in history], marker=marker, label='validation'
    )
    error.plot(epochs, [record.joint_rmse for record in history], marker=marker)
    error.plot(epochs, [record.validation_joint_rmse for record in history], marker=marker)
    for axes, label in ((loss, 'loss'), (error, 'joint RMSE [rad]')):
        axes.set(xlabel='epoch', ylabel=label, yscale='log')
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    loss.legend()
    try:
        with atomic_write(run.curves) as partial:
            figure.savefig(partial, dpi=110)
    except OSError as error_:
        raise file_not_written(run.curves, error_) from error_
