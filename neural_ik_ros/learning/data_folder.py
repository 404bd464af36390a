# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples on disk, as plain NumPy arrays with a description."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..errors import NeuralIkError
from ..kinematics import N_JOINTS, Arm
from .dataset import DataConfig, Part, blocks
from .features import FEATURE_NAMES, FEATURE_VERSION, N_FEATURES

COLUMNS = (*FEATURE_NAMES, *(f'q_{joint}' for joint in range(1, 7)))  # [m], [rad]


class DataFolderError(NeuralIkError):
    """Samples cannot be written to a folder."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f'{path}: {problem}.')


def write_data(folder: Path, arm: Arm, config: DataConfig) -> dict[str, int]:
    """
    Write all parts of the first epoch block by block, whole folder or nothing.

    :return: Number of samples in each file.
    :raises DataFolderError: If the folder exists or cannot be written.
    """
    if folder.exists():
        raise DataFolderError(folder, 'exists; choose another --output')
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{folder.name}_', dir=folder.parent) as scratch:
            staged = Path(scratch) / folder.name
            staged.mkdir(mode=0o755)
            written = {_file(part): _write_part(staged, arm, config, part) for part in Part}
            description = {
                'arm': arm.name,
                'columns': COLUMNS,
                'units': 'metre, radian',
                'feature_version': FEATURE_VERSION,
                'data': dataclasses.asdict(config),
            }
            (staged / 'data.json').write_text(json.dumps(description, indent=1) + '\n')
            staged.rename(folder)
    except OSError as error:
        raise DataFolderError(
            folder, f'not written ({error.strerror}); free space or choose another --output'
        ) from error
    return written


def _file(part: Part) -> str:
    return f'{part.name.lower()}.npy'


def _write_part(folder: Path, arm: Arm, config: DataConfig, part: Part) -> int:
    n_samples = config.n_samples(part)
    # Written through a plain file: a full disk then is an error and not a crash.
    header = {'descr': '<f8', 'fortran_order': False, 'shape': (n_samples, len(COLUMNS))}
    with (
        (folder / _file(part)).open('wb') as file,
        tqdm(total=n_samples, desc=part.name.lower(), unit=' samples', disable=None) as progress,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for samples in blocks(arm, config, part):
            rows = np.empty((len(samples.q), N_FEATURES + N_JOINTS))
            rows[:, :N_FEATURES], rows[:, N_FEATURES:] = samples.features, samples.q
            file.write(rows.astype('<f8').tobytes())
            progress.update(len(rows))
    return n_samples
