# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""URDF files: the path of the shipped one, and reading untrusted ones."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import FileError
from .share import share_folder

MAX_FILE_BYTES = 4 * 1024 * 1024
REMEDY = 'give the path of a plain URDF file'


def shipped_urdf() -> Path:
    """Return the path of the plain IRB2400 URDF that comes with the package."""
    return share_folder() / 'urdf' / 'irb2400.urdf'


def read_urdf(path: Path) -> str:
    """
    Return the text of a regular URDF file of at most 4 MiB.

    :raises FileError: If it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opening a pipe must not block
        with os.fdopen(descriptor, 'rb') as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileError(path, 'not a regular file', REMEDY)
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise FileError(path, f'larger than {MAX_FILE_BYTES} bytes', REMEDY)
        return content.decode(errors='replace')  # comments may be in any encoding
    except OSError as error:
        raise FileError(path, error.strerror or str(error), REMEDY) from error


def urdf_text(urdf: Path | str) -> str:
    """
    Return the text of a URDF that is given as itself or by the path of its file.

    :raises FileError: If the file cannot be read.
    """
    if isinstance(urdf, str) and urdf.lstrip('\ufeff \t\r\n').startswith('<'):
        return urdf
    return read_urdf(Path(urdf))
