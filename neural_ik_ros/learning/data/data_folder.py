# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples on disk, as plain NumPy arrays with a description."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ...atomic_files import atomic_directory
from ...errors import NeuralIkError
from ...kinematics import Arm, FloatArray
from .dataset import DataConfig, Part, Samples, blocks
from .features import FEATURE_NAMES, FEATURE_VERSION, N_FEATURES

COLUMNS = (*FEATURE_NAMES, *(f'q_{joint}' for joint in range(1, 7)))  # [m], [rad]


class DataFolderError(NeuralIkError):
    """Samples cannot be written to a folder."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f'{path}: {problem}.')


def write_data(
    folder: Path, arm: Arm, config: DataConfig, parts: Sequence[Part] = tuple(Part)
) -> dict[str, int]:
    """
    Write parts of the first epoch block by block, whole folder or nothing.

    :return: Number of samples in each file.
    :raises DataFolderError: If the folder exists or cannot be written.
    """
    rows = {
        part: (config.n_samples(part), (_rows(block) for block in blocks(arm, config, part)))
        for part in parts
    }
    return write_parts(folder, rows, {'arm': arm.name, 'data': dataclasses.asdict(config)})


def write_parts(
    folder: Path,
    parts: Mapping[Part, tuple[int, Iterable[FloatArray]]],
    made_from: Mapping[str, Any],
) -> dict[str, int]:
    """
    Write arrays with the columns of ``COLUMNS`` and their description, whole folder or nothing.

    :param parts: Number of rows in each part, and its rows in blocks.
    :param made_from: What else the description says.
    :return: Number of samples in each file.
    :raises DataFolderError: If the folder exists or cannot be written.
    """
    if folder.exists():
        raise DataFolderError(folder, 'exists; choose another --output')
    try:
        with atomic_directory(folder) as staged:
            staged.mkdir(mode=0o755)
            for part, (n_samples, rows) in parts.items():
                _write_part(staged / _file(part), n_samples, rows)
            description = {
                'columns': COLUMNS,
                'units': 'metre, radian',
                'feature_version': FEATURE_VERSION,
                **made_from,
            }
            (staged / 'data.json').write_text(json.dumps(description, indent=1) + '\n')
    except OSError as error:
        raise DataFolderError(
            folder, f'not written ({error.strerror}); free space or choose another --output'
        ) from error
    return {_file(part): n_samples for part, (n_samples, _) in parts.items()}


def _file(part: Part) -> str:
    return f'{part.name.lower()}.npy'


def _rows(samples: Samples) -> FloatArray:
    rows = np.empty((len(samples.q), len(COLUMNS)))
    rows[:, :N_FEATURES], rows[:, N_FEATURES:] = samples.features, samples.q
    return rows


def _write_part(file: Path, n_samples: int, blocks_of_rows: Iterable[FloatArray]) -> None:
    # Written through a plain file: a full disk then is an error and not a crash.
    header = {'descr': '<f8', 'fortran_order': False, 'shape': (n_samples, len(COLUMNS))}
    with (
        file.open('wb') as stream,
        tqdm(total=n_samples, desc=file.stem, unit=' samples', disable=None) as progress,
    ):
        np.lib.format.write_array_header_1_0(stream, header)
        for rows in blocks_of_rows:
            stream.write(rows.astype('<f8').tobytes())
            progress.update(len(rows))
