# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a training run: configuration, history, checkpoints and finally the bundle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...atomic_files import atomic_write
from ...errors import ConfigError, TrainingError
from .config import LearningConfig

MAX_JSON_BYTES = 16 * 1024 * 1024


def file_not_written(path: Path, error: OSError) -> TrainingError:
    """Return the error for a file of the run that cannot be written."""
    problem = f'not written ({error.strerror or error})'
    return TrainingError(path, problem, 'free space, add --resume')


def file_not_readable(path: Path, reason: object) -> TrainingError:
    """Return the error for a file of the run with unexpected content; the others may be intact."""
    problem = f'damaged or of another version ({str(reason).rstrip(".")})'
    return TrainingError(path, problem, 'train again with another --output')


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One epoch of the training history; training losses include noise and dropout."""

    epoch: int  # counted from 1
    loss: float
    joint_rmse: float  # [rad]
    validation_loss: float
    validation_joint_rmse: float  # [rad]
    seconds: float
    backend: str  # what Keras ran on, with its version


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths in the folder of one run; made by ``open_run``."""

    path: Path

    @property
    def configuration(self) -> Path:
        """Path of the configuration and the URDF the run was started with."""
        return self.path / 'configuration.json'

    @property
    def history(self) -> Path:
        """Path of the training history."""
        return self.path / 'history.json'

    @property
    def checkpoint(self) -> Path:
        """Path of the network and optimiser after the last epoch."""
        return self.path / 'checkpoint.keras'

    @property
    def best(self) -> Path:
        """Path of the network with the lowest validation loss."""
        return self.path / 'best.keras'

    @property
    def curves(self) -> Path:
        """Path of the picture of the learning curves."""
        return self.path / 'history.png'

    @property
    def tensorboard(self) -> Path:
        """Path of the TensorBoard log."""
        return self.path / 'tensorboard'

    @property
    def bundle(self) -> Path:
        """Path of the bundle made from the best network."""
        return self.path / 'bundle'

    def write_history(self, history: Sequence[EpochRecord]) -> None:
        """Replace the history."""
        write_json(self.history, [dataclasses.asdict(record) for record in history])

    def read_history(self, n_epochs: int) -> list[EpochRecord]:
        """
        Return the first ``n_epochs`` epochs of the history.

        :raises TrainingError: If the file is damaged, of another version, or holds fewer.
        """
        try:
            history = [EpochRecord(**record) for record in read_json(self.history)]
        except TypeError as error:
            raise file_not_readable(self.history, 'other fields') from error
        if [record.epoch for record in history[:n_epochs]] != list(range(1, n_epochs + 1)):
            raise file_not_readable(self.history, f'not epochs 1 to {n_epochs}')
        return history[:n_epochs]


def open_run(path: Path, config: LearningConfig, urdf: str, *, resume: bool) -> RunFolder:
    """
    Return the folder of a new run, or of the interrupted run if ``resume``.

    :raises TrainingError: If it holds a run and ``resume`` is not set, or the run of another
        configuration.
    """
    run = RunFolder(path)
    if not run.checkpoint.exists():  # no finished epoch that could be lost
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(path, str(error.strerror), 'choose another --output') from error
        write_json(run.configuration, {'configuration': config.to_mapping(), 'urdf': urdf})
        return run
    if not resume:
        remedy = 'add --resume or choose another --output'
        raise TrainingError(path, 'holds a training run', remedy)
    config_before, urdf_before = read_sources(run)
    changed = _differences(config_before.to_mapping(), config.to_mapping(), '')
    changed += ['arm'] if urdf_before != urdf else []
    if changed:
        problem = f'was started with another {", ".join(changed)}'
        raise TrainingError(path, problem, 'choose another --output')
    return run


def read_sources(run: RunFolder) -> tuple[LearningConfig, str]:
    """
    Return the configuration and the URDF that a run was started with.

    :raises TrainingError: If the file is damaged or of another version.
    """
    content = read_json(run.configuration)
    try:
        config, urdf = LearningConfig.from_mapping(content['configuration']), content['urdf']
    except ConfigError as error:
        raise file_not_readable(run.configuration, error) from error
    except (KeyError, TypeError) as error:
        raise file_not_readable(run.configuration, 'other keys') from error
    if not isinstance(urdf, str):
        raise file_not_readable(run.configuration, 'no URDF')
    return config, urdf


def write_json(path: Path, content: Any) -> None:
    """
    Replace a file by the content as JSON, or leave it as it was.

    :raises TrainingError: If it cannot be written.
    """
    try:
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        raise file_not_written(path, error) from error


def read_json(path: Path) -> Any:
    """
    Return the content of a JSON file of at most 16 MiB.

    :raises TrainingError: If it cannot be read.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise file_not_readable(path, f'larger than {MAX_JSON_BYTES} bytes')
        return json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise file_not_readable(path, error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise file_not_readable(path, 'not JSON') from error


def _differences(before: Any, after: Any, where: str) -> list[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [where]
    found: list[str] = []
    for name in sorted(set(before) | set(after)):
        inner = f'{where}.{name}'.strip('.')
        found += _differences(before.get(name), after.get(name), inner)
    return found
