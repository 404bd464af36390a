# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples on disk: plain NumPy arrays with a JSON description."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ...atomic_files import atomic_directory
from ...errors import DataError
from ...kinematics import Arm, FloatArray
from .dataset import DataConfig, Part, Samples, sample_blocks
from .features import FEATURE_NAMES, FEATURE_VERSION, N_FEATURES

COLUMNS = (*FEATURE_NAMES, *(f'q_{joint}' for joint in range(1, 7)))  # [m], [rad]


def write_data_folder(
    folder: Path, arm: Arm, config: DataConfig, parts: Sequence[Part] = tuple(Part)
) -> dict[str, int]:
    """
    Draw parts of the first epoch and write them block by block; all files or none.

    :return: Number of samples in each file.
    :raises DataError: If the folder exists or cannot be written.
    """
    rows = {
        part: (
            config.n_samples(part),
            (_sample_rows(block) for block in sample_blocks(arm, config, part)),
        )
        for part in parts
    }
    return write_parts(folder, rows, {'arm': arm.name, 'data': dataclasses.asdict(config)})


def write_parts(
    folder: Path,
    parts: Mapping[Part, tuple[int, Iterable[FloatArray]]],
    made_from: Mapping[str, Any],
) -> dict[str, int]:
    """
    Write arrays with the columns ``COLUMNS`` and a description of them; all files or none.

    :param parts: Number of rows in each part, and its rows in blocks.
    :param made_from: Further entries of the description: what made the samples.
    :return: Number of samples in each file.
    :raises DataError: If the folder exists or cannot be written.
    """
    if folder.exists():
        raise DataError(folder, 'exists', 'choose another --output')
    try:
        with atomic_directory(folder) as staged:
            staged.mkdir(mode=0o755)
            for part, (n_samples, rows) in parts.items():
                _write_part(staged / _part_file_name(part), n_samples, rows)
            description = {
                'columns': COLUMNS,
                'units': 'metre, radian',
                'feature_version': FEATURE_VERSION,
                **made_from,
            }
            (staged / 'data.json').write_text(json.dumps(description, indent=1) + '\n')
    except OSError as error:
        remedy = 'free space or choose another --output'
        raise DataError(folder, f'not written ({error.strerror})', remedy) from error
    return {_part_file_name(part): n_samples for part, (n_samples, _) in parts.items()}


def _part_file_name(part: Part) -> str:
    return f'{part.name.lower()}.npy'


def _sample_rows(samples: Samples) -> FloatArray:
    rows = np.empty((len(samples.q), len(COLUMNS)))
    rows[:, :N_FEATURES], rows[:, N_FEATURES:] = samples.features, samples.q
    return rows


def _write_part(file: Path, n_samples: int, blocks_of_rows: Iterable[FloatArray]) -> None:
    # Written to a plain file: a full disk is then an OSError; a memory map would crash.
    header = {'descr': '<f8', 'fortran_order': False, 'shape': (n_samples, len(COLUMNS))}
    with (
        file.open('wb') as stream,
        tqdm(total=n_samples, desc=file.stem, unit=' samples', disable=None) as progress,
    ):
        np.lib.format.write_array_header_1_0(stream, header)
        for rows in blocks_of_rows:
            stream.write(rows.astype('<f8').tobytes())
            progress.update(len(rows))
