# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bundle folders read and written; nothing is used whose hash is not the one on the card."""

from __future__ import annotations

import importlib.resources
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...atomic_files import atomic_directory
from ...errors import BundleError
from ...kinematics import Arm, arm_from_urdf
from .card import ARM, CARD, MAX_BYTES, MAX_CARD_BYTES, BundleCard, FileRecord, parse_card

SHIPPED = 'irb2400'
REMEDY_FILE = 'copy the bundle again or make it with neural_ik train'
REMEDY_PATH = 'give the path of a bundle, or none for the shipped one'
REMEDY_WRITE = 'free space or choose another folder'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A bundle in memory; its bytes are those whose hashes were checked."""

    folder: Path
    card: BundleCard
    arm: Arm
    files: Mapping[str, bytes]  # by the names in card.py


def shipped_bundle() -> Path:
    """
    Return the folder of the default bundle that comes with the package.

    :raises BundleError: If the package is not installed as files.
    """
    return _bundles_folder() / SHIPPED


def shipped_bundles() -> dict[str, Path]:
    """
    Return the folders of all bundles that come with the package, by name.

    :raises BundleError: If the package is not installed as files.
    """
    folders = sorted(_bundles_folder().iterdir())
    return {folder.name: folder for folder in folders if (folder / CARD).is_file()}


def load_bundle(path: Path | None = None) -> Bundle:
    """
    Return the verified bundle in a folder, or the shipped one.

    Names, file types, sizes, SHA-256, format and feature version are checked before any file is
    interpreted.

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
        raise _bad_file(folder, ARM, 'is not UTF-8 text') from error
    arm = arm_from_urdf(urdf, base_frame=card.base_frame, tool_frame=card.tool_frame)
    return Bundle(folder=folder, card=card, arm=arm, files=files)


def write_bundle(folder: Path, card: BundleCard, files: Mapping[str, bytes]) -> Bundle:
    """
    Write a bundle, replacing an existing one, and return it as read back.

    It is written and verified under a temporary name, then renamed.

    :raises BundleError: If it cannot be written, or the path is taken by something else.
    """
    if folder.exists() and not (folder / CARD).is_file():
        problem = 'not written (the path is taken by something that is no bundle)'
        raise BundleError(folder, problem, REMEDY_WRITE)
    try:
        with atomic_directory(folder, is_replaced=True) as staged:
            staged.mkdir(mode=0o755)
            for name, content in {**files, CARD: card.to_json()}.items():
                _write_durably(staged / name, content)
            load_bundle(staged)
    except OSError as error:
        problem = f'not written ({error.strerror or error})'
        raise BundleError(folder, problem, REMEDY_WRITE) from error
    return load_bundle(folder)


def _bundles_folder() -> Path:
    folder = importlib.resources.files('neural_ik_ros') / 'bundles'
    if not isinstance(folder, Path):
        raise BundleError(Path(str(folder)), 'not a folder on disk', REMEDY_PATH)
    return folder


def _require_names(folder: Path) -> None:
    try:
        found, expected = {entry.name for entry in folder.iterdir()}, {CARD, *MAX_BYTES}
    except OSError as error:  # missing, not a folder, unreadable, or not even a name
        raise BundleError(folder, error.strerror or str(error), REMEDY_PATH) from error
    for name in sorted(expected - found):
        raise _bad_file(folder, name, 'is missing')
    for name in sorted(found - expected):
        raise _bad_file(folder, name, 'does not belong to a bundle')


def _bad_file(folder: Path, file: str, problem: str) -> BundleError:
    return BundleError(folder, f'{file} {problem}', REMEDY_FILE)


def _read(folder: Path, name: str, limit: int) -> bytes:
    """Return the content of a regular file of at most ``limit`` bytes; links are refused."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        problem = f'is a link or cannot be opened ({error.strerror})'
        raise _bad_file(folder, name, problem) from error
    with os.fdopen(descriptor, 'rb') as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _bad_file(folder, name, 'is not a regular file')
        content = file.read(limit + 1)
    if len(content) > limit:
        raise _bad_file(folder, name, f'is larger than {limit} bytes')
    return content


def _require_same(folder: Path, name: str, found: FileRecord, expected: FileRecord) -> None:
    if found.size != expected.size:
        problem = f'has {found.size} bytes, the card says {expected.size}'
        raise _bad_file(folder, name, problem)
    if found.sha256 != expected.sha256:
        problem = f'has SHA-256 {found.sha256[:12]}.., the card says {expected.sha256[:12]}..'
        raise _bad_file(folder, name, problem)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open('wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
