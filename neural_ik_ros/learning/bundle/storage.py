# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A trained network as a folder: read only if every byte is the one its card names."""

from __future__ import annotations

import importlib.resources
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...atomic_files import atomic_directory
from ...kinematics import Arm, arm_from_urdf
from .card import (
    ARM,
    CARD,
    MAX_BYTES,
    MAX_CARD_BYTES,
    BundleCard,
    BundleError,
    FileRecord,
    parse_card,
)

SHIPPED = 'irb2400'


class BundleNotFoundError(BundleError):
    """There is no bundle at this path."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            path, f'{problem}; give the path of a bundle, or none for the shipped one'
        )


class BundleContentError(BundleError):
    """A file of the bundle is missing, unexpected, unreadable or not the one on the card."""

    def __init__(self, path: Path, file: str, problem: str) -> None:
        self.file = file
        super().__init__(
            path, f'{file} {problem}; copy the bundle again or make it with neural_ik train'
        )


class BundleWriteError(BundleError):
    """A bundle cannot be written here."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, f'not written ({problem}); free space or choose another folder')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A verified bundle: the bytes in memory are those that were checked."""

    folder: Path
    card: BundleCard
    arm: Arm
    files: Mapping[str, bytes]  # by the names in card.py


def shipped_bundle() -> Path:
    """
    Return the folder of the default bundle that comes with the package.

    :raises BundleNotFoundError: If the package is not installed as files.
    """
    return _bundles_folder() / SHIPPED


def shipped_bundles() -> dict[str, Path]:
    """
    Return the folders of all bundles that come with the package, by name.

    :raises BundleNotFoundError: If the package is not installed as files.
    """
    folders = sorted(_bundles_folder().iterdir())
    return {folder.name: folder for folder in folders if (folder / CARD).is_file()}


def load_bundle(path: Path | None = None) -> Bundle:
    """
    Return the verified bundle in a folder, or the shipped one.

    Checked before anything is interpreted: exactly the expected names, regular files, sizes,
    SHA-256 of each file, format and feature version.

    :raises BundleError: If anything differs; the message names the file and what differs.
    """
    folder = shipped_bundle() if path is None else Path(path)
    _require_names(folder)
    card = parse_card(_read(folder, CARD, MAX_CARD_BYTES), folder)
    files = {name: _read(folder, name, limit) for name, limit in MAX_BYTES.items()}
    for name, content in files.items():
        _require_same(folder, name, FileRecord.of(content), card.files[name])
    try:
        urdf = files[ARM].decode()
    except UnicodeDecodeError as error:
        raise BundleContentError(folder, ARM, 'is not UTF-8 text') from error
    arm = arm_from_urdf(urdf, base_frame=card.base_frame, tool_frame=card.tool_frame)
    return Bundle(folder=folder, card=card, arm=arm, files=files)


def write_bundle(folder: Path, card: BundleCard, files: Mapping[str, bytes]) -> Bundle:
    """
    Write a bundle, replacing one that is there, and return it as it reads back.

    It is complete and verified under another name before the folder gets its own.

    :raises BundleWriteError: If it cannot be written, or something else is at this path.
    """
    if folder.exists() and not (folder / CARD).is_file():
        raise BundleWriteError(folder, 'the path is taken by something that is no bundle')
    try:
        with atomic_directory(folder, is_replaced=True) as staged:
            staged.mkdir(mode=0o755)
            for name, content in {**files, CARD: card.to_json()}.items():
                _write_durably(staged / name, content)
            load_bundle(staged)
    except OSError as error:
        raise BundleWriteError(folder, error.strerror or str(error)) from error
    return load_bundle(folder)


def _bundles_folder() -> Path:
    folder = importlib.resources.files('neural_ik_ros') / 'bundles'
    if not isinstance(folder, Path):
        raise BundleNotFoundError(Path(str(folder)), 'not a folder on disk')
    return folder


def _require_names(folder: Path) -> None:
    try:
        found, expected = {entry.name for entry in folder.iterdir()}, {CARD, *MAX_BYTES}
    except OSError as error:  # missing, not a folder, unreadable, or not even a name
        raise BundleNotFoundError(folder, error.strerror or str(error)) from error
    for name in sorted(expected - found):
        raise BundleContentError(folder, name, 'is missing')
    for name in sorted(found - expected):
        raise BundleContentError(folder, name, 'does not belong to a bundle')


def _read(folder: Path, name: str, limit: int) -> bytes:
    """Return the content of a regular file that is no link and not larger than ``limit``."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        problem = f'is a link or cannot be opened ({error.strerror})'
        raise BundleContentError(folder, name, problem) from error
    with os.fdopen(descriptor, 'rb') as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BundleContentError(folder, name, 'is not a regular file')
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BundleContentError(folder, name, f'is larger than {limit} bytes')
    return content


def _require_same(folder: Path, name: str, found: FileRecord, expected: FileRecord) -> None:
    if found.size != expected.size:
        problem = f'has {found.size} bytes, the card says {expected.size}'
        raise BundleContentError(folder, name, problem)
    if found.sha256 != expected.sha256:
        problem = f'has SHA-256 {found.sha256[:12]}.., the card says {expected.sha256[:12]}..'
        raise BundleContentError(folder, name, problem)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open('wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
