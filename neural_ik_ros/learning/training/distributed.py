# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several processes train one network, each on its share of every batch, through Keras on JAX."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras

from ...errors import NeuralIkError
from .config import LearningConfig

# Keras' own variables; see keras.distribution.initialize.
ADDRESSES = 'KERAS_DISTRIBUTION_JOB_ADDRESSES'
COUNT = 'KERAS_DISTRIBUTION_NUM_PROCESSES'
INDEX = 'KERAS_DISTRIBUTION_PROCESS_ID'


class WorkersError(NeuralIkError):
    """The processes cannot train together."""

    def __init__(self, problem: str) -> None:
        super().__init__(f'{problem} (docs/training.md, several workers).')


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One of the processes that train together; the chief alone writes files."""

    index: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Return whether this is the worker that writes."""
        return self.index == 0

    def share(self, n: int) -> slice:
        """Return which of n rows are this worker's."""
        return slice(self.index * n // self.count, (self.index + 1) * n // self.count)


ALONE = Worker()


def worker_from_environment() -> Worker:
    """
    Return this process's place among the workers, or ``ALONE``.

    :raises WorkersError: If the environment describes workers that cannot be.
    """
    if 'TF_CONFIG' in os.environ:
        raise WorkersError('TF_CONFIG is set, and Keras 3 cannot train so; unset it, use JAX')
    if COUNT not in os.environ:
        return ALONE
    if keras.backend.backend() != 'jax':
        raise WorkersError(f'{COUNT} is set, which needs KERAS_BACKEND=jax; set it')
    try:
        worker = Worker(index=int(os.environ[INDEX]), count=int(os.environ[COUNT]))
    except (KeyError, ValueError) as error:
        raise WorkersError(f'{COUNT} and {INDEX} must be two integers; set them') from error
    if not 0 <= worker.index < worker.count:
        raise WorkersError(f'{INDEX} is {worker.index} of {worker.count} workers; count from 0')
    if worker.count > 1 and ADDRESSES not in os.environ:
        raise WorkersError(f"{ADDRESSES} is not set; set it to worker 0's host:port")
    return worker


def require_shares(config: LearningConfig, n_shares: int) -> None:
    """
    Refuse batches that cannot be shared out evenly.

    :raises WorkersError: If a batch has a remainder.
    """
    sizes = {
        'training.batch_size': config.training.batch_size,
        'data.n_train': config.data.n_train,
        'data.n_validation': config.data.n_validation,
    }
    for name, size in sizes.items():
        if size % n_shares:
            raise WorkersError(f'{name} is {size}; choose a multiple of {n_shares}, the devices')


def join(worker: Worker, config: LearningConfig) -> None:
    """
    Wait for the other workers, then let Keras share each batch among all devices.

    :raises WorkersError: If they do not come, or batches cannot be shared out evenly.
    """
    if worker.count > 1:
        require_shares(config, worker.count)
        try:
            keras.distribution.initialize()
        except (RuntimeError, ValueError) as error:
            problem = str(error).splitlines()[0][:160]
            raise WorkersError(f'the workers did not meet ({problem}); start all again') from error
    if keras.backend.backend() == 'jax' and len(keras.distribution.list_devices()) > 1:
        require_shares(config, len(keras.distribution.list_devices()))
        data_parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
        keras.distribution.set_distribution(data_parallel)


def rows_at_once(worker: Worker, n: int) -> int:
    """Return the worker's share of about n rows, such that all devices get the same number."""
    distribution = keras.distribution.distribution()
    n_devices = 1 if distribution is None else distribution.device_mesh.devices.size
    return max(1, n // n_devices) * n_devices // worker.count


@contextmanager
def on_this_worker() -> Iterator[None]:
    """Let the block read and write networks, which Keras otherwise does on all workers at once."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)
