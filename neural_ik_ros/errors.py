# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one root of the package's exceptions, and what is said when a library is missing."""

from __future__ import annotations

import sys


class NeuralIkError(Exception):
    """
    A mistake of the caller or the installation, told in one line that ends in a remedy.

    Outcomes of solving (unreachable, bad target ...) are never exceptions: see ``IkStatus``.
    """


class MissingLibraryError(NeuralIkError):
    """A library that is always needed is not installed for this Python."""

    def __init__(self, name: str) -> None:
        super().__init__(f'{name} is not installed for {sys.executable}; docs/start.md says how.')

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> MissingLibraryError:
        """
        Return what to say of an import that failed.

        :raises ModuleNotFoundError: The same again if it is one of our own modules: a bug.
        """
        name = (error.name or str(error)).partition('.')[0]
        if name == __name__.partition('.')[0]:
            raise error
        return cls(name)
