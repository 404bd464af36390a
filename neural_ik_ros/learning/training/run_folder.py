# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The folder of a training run: configuration, history, checkpoints, at the end the bundle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...atomic_files import atomic_write
from ...errors import NeuralIkError
from ...settings import ConfigError
from .config import LearningConfig

MAX_JSON_BYTES = 16 * 1024 * 1024


class RunFolderError(NeuralIkError):
    """A folder cannot hold, or does not hold, the training run that is asked for."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f'{path}: {problem}.')

    @classmethod
    def not_written(cls, path: Path, error: OSError) -> RunFolderError:
        """Return the error for a file that cannot be written."""
        return cls(path, f'not written ({error.strerror or error}); free space, add --resume')

    @classmethod
    def not_readable(cls, path: Path, reason: object) -> RunFolderError:
        """Return the error for a file with something else in it; what lies beside may be good."""
        problem = f'damaged or of another version ({str(reason).rstrip(".")})'
        return cls(path, f'{problem}; train again with another --output')


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One line of the training history; the training figures include noise and dropout."""

    epoch: int  # counted from 1
    loss: float
    joint_rmse: float  # [rad]
    validation_loss: float
    validation_joint_rmse: float  # [rad]
    seconds: float
    backend: str  # what Keras ran on, with its version


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths in the folder of one run; ``open_run`` makes one."""

    path: Path

    @property
    def configuration(self) -> Path:
        """Return the file of the configuration and the arm the run was started with."""
        return self.path / 'configuration.json'

    @property
    def history(self) -> Path:
        """Return the file of the epochs done."""
        return self.path / 'history.json'

    @property
    def checkpoint(self) -> Path:
        """Return the network and optimiser after the last epoch."""
        return self.path / 'checkpoint.keras'

    @property
    def best(self) -> Path:
        """Return the network with the least validation loss."""
        return self.path / 'best.keras'

    @property
    def curves(self) -> Path:
        """Return the picture of the learning curves."""
        return self.path / 'history.png'

    @property
    def tensorboard(self) -> Path:
        """Return the folder of the log for TensorBoard."""
        return self.path / 'tensorboard'

    @property
    def bundle(self) -> Path:
        """Return the folder of the bundle the run ends in."""
        return self.path / 'bundle'

    def write_history(self, history: Sequence[EpochRecord]) -> None:
        """Replace the history."""
        write_json(self.history, [dataclasses.asdict(record) for record in history])

    def read_history(self, n_epochs: int) -> list[EpochRecord]:
        """
        Return the first epochs done.

        :raises RunFolderError: If the file is damaged, of another version, or holds fewer.
        """
        try:
            history = [EpochRecord(**record) for record in read_json(self.history)]
        except TypeError as error:
            raise RunFolderError.not_readable(self.history, 'other figures') from error
        if [record.epoch for record in history[:n_epochs]] != list(range(1, n_epochs + 1)):
            raise RunFolderError.not_readable(self.history, f'not epochs 1 to {n_epochs}')
        return history[:n_epochs]


def open_run(path: Path, config: LearningConfig, urdf: str, *, resume: bool) -> RunFolder:
    """
    Return the folder of a new run, or of the same run as before if ``resume``.

    :raises RunFolderError: If a run is there and is not to be resumed, or was another one.
    """
    run = RunFolder(path)
    if not run.checkpoint.exists():  # nothing is lost that took long
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(path, f'{error.strerror}; choose another --output') from error
        write_json(run.configuration, {'configuration': config.to_mapping(), 'urdf': urdf})
        return run
    if not resume:
        raise RunFolderError(path, 'holds a training run; add --resume or choose another --output')
    config_before, urdf_before = read_sources(run)
    changed = _differences(config_before.to_mapping(), config.to_mapping(), '')
    changed += ['arm'] if urdf_before != urdf else []
    if changed:
        raise RunFolderError(
            path, f'was started with another {", ".join(changed)}; choose another --output'
        )
    return run


def read_sources(run: RunFolder) -> tuple[LearningConfig, str]:
    """
    Return what a run was started with: configuration and URDF.

    :raises RunFolderError: If the file is damaged or of another version.
    """
    content = read_json(run.configuration)
    try:
        config, urdf = LearningConfig.from_mapping(content['configuration']), content['urdf']
    except ConfigError as error:
        raise RunFolderError.not_readable(run.configuration, error) from error
    except (KeyError, TypeError) as error:
        raise RunFolderError.not_readable(run.configuration, 'other keys') from error
    if not isinstance(urdf, str):
        raise RunFolderError.not_readable(run.configuration, 'no URDF')
    return config, urdf


def write_json(path: Path, content: Any) -> None:
    """
    Replace a file by the content, whole or not at all.

    :raises RunFolderError: If it cannot be written.
    """
    try:
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        raise RunFolderError.not_written(path, error) from error


def read_json(path: Path) -> Any:
    """
    Return the content of a file of at most 16 MiB.

    :raises RunFolderError: If it cannot be read.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise RunFolderError.not_readable(path, f'larger than {MAX_JSON_BYTES} bytes')
        return json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise RunFolderError.not_readable(path, error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise RunFolderError.not_readable(path, 'not JSON') from error


def _differences(before: Any, after: Any, where: str) -> list[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [where]
    found: list[str] = []
    for name in sorted(set(before) | set(after)):
        inner = f'{where}.{name}'.strip('.')
        found += _differences(before.get(name), after.get(name), inner)
    return found
