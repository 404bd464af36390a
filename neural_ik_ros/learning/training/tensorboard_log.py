# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training history as a TensorBoard log, on any backend of Keras."""

from __future__ import annotations

from tensorboard.summary import Writer

from .run_folder import EpochRecord, RunFolder, file_not_written


class TensorBoardLog:
    """Appends the losses and errors of each epoch to the log."""

    def __init__(self, run: RunFolder) -> None:
        self._folder = run.tensorboard
        try:
            self._writer = Writer(str(run.tensorboard))
        except OSError as error:
            raise file_not_written(run.tensorboard, error) from error

    def __call__(self, record: EpochRecord) -> None:
        """
        Append one epoch.

        :raises TrainingError: If they cannot be written.
        """
        scalars = {
            'loss/training': record.loss,
            'loss/validation': record.validation_loss,
            'joint_rmse/training': record.joint_rmse,
            'joint_rmse/validation': record.validation_joint_rmse,
        }
        try:
            for tag, value in scalars.items():
                self._writer.add_scalar(tag, value, record.epoch)
            self._writer.flush()
        except OSError as error:
            raise file_not_written(self._folder, error) from error
