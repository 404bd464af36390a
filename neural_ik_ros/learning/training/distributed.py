# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Distributed training: several processes, each with a shard of every batch; Keras on JAX."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras

from ...errors import TrainingError
from .config import LearningConfig

# Keras' own variables; see keras.distribution.initialize.
ADDRESSES = 'KERAS_DISTRIBUTION_JOB_ADDRESSES'
COUNT = 'KERAS_DISTRIBUTION_NUM_PROCESSES'
INDEX = 'KERAS_DISTRIBUTION_PROCESS_ID'
DOCS = '(docs/training.md, several workers)'


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One of the processes that train together; the chief alone writes files."""

    index: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes files."""
        return self.index == 0

    def shard(self, n: int) -> slice:
        """Return the slice of n rows that is this worker's."""
        return slice(self.index * n // self.count, (self.index + 1) * n // self.count)


SINGLE_WORKER = Worker()


def worker_from_environment() -> Worker:
    """
    Return this process's index among the workers, or ``SINGLE_WORKER``.

    :raises TrainingError: If the environment describes an impossible set of workers.
    """
    if 'TF_CONFIG' in os.environ:
        raise TrainingError(
            'TF_CONFIG', 'is set, which Keras 3 cannot train with', f'unset it, use JAX {DOCS}'
        )
    if COUNT not in os.environ:
        return SINGLE_WORKER
    if keras.backend.backend() != 'jax':
        raise TrainingError(COUNT, 'is set, which needs KERAS_BACKEND=jax', f'set it {DOCS}')
    try:
        worker = Worker(index=int(os.environ[INDEX]), count=int(os.environ[COUNT]))
    except (KeyError, ValueError) as error:
        problem = f'{COUNT} and {INDEX} are not two integers'
        raise TrainingError('workers', problem, f'set them {DOCS}') from error
    if not 0 <= worker.index < worker.count:
        problem = f'is {worker.index} of {worker.count} workers'
        raise TrainingError(INDEX, problem, f'count from 0 {DOCS}')
    if worker.count > 1 and ADDRESSES not in os.environ:
        remedy = f"set it to worker 0's host:port {DOCS}"
        raise TrainingError(ADDRESSES, 'is not set', remedy)
    return worker


def require_even_shards(config: LearningConfig, n_shards: int) -> None:
    """
    Refuse a configuration whose batches cannot be split evenly.

    :raises TrainingError: If a batch has a remainder.
    """
    sizes = {
        'training.batch_size': config.training.batch_size,
        'data.n_train': config.data.n_train,
        'data.n_validation': config.data.n_validation,
    }
    for name, size in sizes.items():
        if size % n_shards:
            remedy = f'choose a multiple of {n_shards}, the number of devices {DOCS}'
            raise TrainingError(name, f'is {size}', remedy)


def join_workers(worker: Worker, config: LearningConfig) -> None:
    """
    Wait for the other workers, then let Keras distribute each batch among all devices.

    :raises TrainingError: If they do not connect, or batches cannot be split evenly.
    """
    if worker.count > 1:
        require_even_shards(config, worker.count)
        try:
            keras.distribution.initialize()
        except (RuntimeError, ValueError) as error:
            problem = str(error).splitlines()[0][:160]
            raise TrainingError(
                'workers', f'did not meet ({problem})', f'start all again {DOCS}'
            ) from error
    if keras.backend.backend() == 'jax' and len(keras.distribution.list_devices()) > 1:
        require_even_shards(config, len(keras.distribution.list_devices()))
        data_parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
        keras.distribution.set_distribution(data_parallel)


def worker_batch_rows(worker: Worker, n: int) -> int:
    """Return this worker's part of about n rows, equal on all devices."""
    distribution = keras.distribution.distribution()
    n_devices = 1 if distribution is None else distribution.device_mesh.devices.size
    return max(1, n // n_devices) * n_devices // worker.count


@contextmanager
def without_distribution() -> Iterator[None]:
    """Suspend the distribution: Keras would read and write networks on all workers at once."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)
