# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The card of a bundle: what made it, and size and hash of each of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...errors import BundleError
from ..data.features import FEATURE_VERSION

FORMAT_VERSION = 1
CARD = 'card.json'
MODEL = 'model.tflite'
NETWORK = 'model.keras'
SCALER = 'scaler.skops'
ARM = 'arm.urdf'
MEBIBYTE = 1024 * 1024
MAX_BYTES = {  # of each file of a bundle except the card
    MODEL: 64 * MEBIBYTE,
    NETWORK: 64 * MEBIBYTE,
    SCALER: MEBIBYTE,
    ARM: 4 * MEBIBYTE,
}
MAX_CARD_BYTES = 256 * 1024
OTHER_VERSION = (
    'use the matching package version or make the bundle again with neural_ik train'  # a remedy
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Size and SHA-256 of a file."""

    size: int  # [byte]
    sha256: str  # 64 hexadecimal digits

    @classmethod
    def of(cls, content: bytes) -> FileRecord:
        """Return the record of a file's content."""
        return cls(size=len(content), sha256=hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCard:
    """What made a bundle; the fields are the keys of ``card.json``."""

    format_version: int = FORMAT_VERSION
    feature_version: int = FEATURE_VERSION
    name: str
    base_frame: str
    tool_frame: str
    configuration: Mapping[str, Any]  # of data (with its seed), network and training
    versions: Mapping[str, str]  # of the libraries it was made with
    metrics: Mapping[str, Any]  # on the test part, SI units
    files: Mapping[str, FileRecord]

    def to_json(self) -> bytes:
        """Return the card as the bytes of ``card.json``."""
        return (json.dumps(asdict(self), indent=1) + '\n').encode()


def parse_card(content: bytes, folder: Path) -> BundleCard:
    """
    Return the card in the bytes of ``card.json``.

    :param folder: Folder of the bundle, for messages.
    :raises BundleError: If they are not a complete card, or one of another version.
    """
    try:
        mapping = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _bad_card(folder, 'is not JSON') from error
    if not isinstance(mapping, dict):
        raise _bad_card(folder, 'is not a JSON object')
    for name, needed in {
        'format_version': FORMAT_VERSION,
        'feature_version': FEATURE_VERSION,
    }.items():
        if mapping.get(name) != needed:
            problem = f'{CARD} has {name} {mapping.get(name)!r}, this package needs {needed}'
            raise BundleError(folder, problem, OTHER_VERSION)
    names = {field.name for field in fields(BundleCard)}
    if set(mapping) != names:
        raise _bad_card(folder, f'lacks or adds {sorted(set(mapping) ^ names)}')
    for name in ('name', 'base_frame', 'tool_frame'):
        if not isinstance(mapping[name], str):
            raise _bad_card(folder, f'has no text in {name!r}')
    for name in ('configuration', 'versions', 'metrics', 'files'):
        if not isinstance(mapping[name], dict):
            raise _bad_card(folder, f'has no object in {name!r}')
    return BundleCard(**mapping | {'files': _file_records(mapping['files'], folder)})


def _bad_card(folder: Path, problem: str) -> BundleError:
    return BundleError(folder, f'{CARD} {problem}', 'make the bundle again with neural_ik train')


def _file_records(mapping: dict[str, Any], folder: Path) -> dict[str, FileRecord]:
    if set(mapping) != set(MAX_BYTES):
        raise _bad_card(folder, f'must list exactly {sorted(MAX_BYTES)}')
    for name, record in mapping.items():
        is_record = isinstance(record, dict) and set(record) == {'size', 'sha256'}
        if not (is_record and type(record['size']) is int and isinstance(record['sha256'], str)):
            raise _bad_card(folder, f'has no size and SHA-256 for {name!r}')
    return {name: FileRecord(**record) for name, record in mapping.items()}
