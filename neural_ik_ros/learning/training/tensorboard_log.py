# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The history of a run for TensorBoard, which runs on any backend of Keras."""

from __future__ import annotations

from tensorboard.summary import Writer

from .run_folder import EpochRecord, RunFolder, RunFolderError


class TensorBoardLog:
    """Writes the figures of each epoch as it ends."""

    def __init__(self, run: RunFolder) -> None:
        self._folder = run.tensorboard
        try:
            self._writer = Writer(str(run.tensorboard))
        except OSError as error:
            raise RunFolderError.not_written(run.tensorboard, error) from error

    def __call__(self, record: EpochRecord) -> None:
        """
        Write the figures of one epoch.

        :raises RunFolderError: If they cannot be written.
        """
        figures = {
            'loss/training': record.loss,
            'loss/validation': record.validation_loss,
            'joint_rmse/training': record.joint_rmse,
            'joint_rmse/validation': record.validation_joint_rmse,
        }
        try:
            for tag, value in figures.items():
                self._writer.add_scalar(tag, value, record.epoch)
            self._writer.flush()
        except OSError as error:
            raise RunFolderError.not_written(self._folder, error) from error
