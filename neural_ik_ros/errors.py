# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The root of the package's exceptions, and those that several folders raise."""

from __future__ import annotations

import sys
from pathlib import Path

SOURCE_ROS = 'source ROS 2 Jazzy, or make setup'  # the remedy for a missing rclpy


class NeuralIkError(Exception):
    """
    A mistake of the caller or a fault of the installation: one line that ends in a remedy.

    Outcomes of solving (unreachable, bad target ...) are never exceptions: see ``IkStatus``.
    """


class ExplainedError(NeuralIkError):
    """Names what cannot be used (a key, a file, a network), why, and the remedy."""

    def __init__(self, name: object, problem: str, remedy: str) -> None:
        self.name, self.problem, self.remedy = str(name), problem, remedy
        super().__init__(f'{name}: {problem}; {remedy}.')


class ConfigError(ExplainedError):
    """A configuration file, key, option or parameter has a value that cannot be used."""


class DataError(ExplainedError):
    """Samples cannot be drawn, read or written."""


class ModelFileError(ExplainedError):
    """A network or its scaler cannot be written, read, converted or run."""


class TrainingError(ExplainedError):
    """A training run cannot start, continue or be resumed."""


class BundleError(ExplainedError):
    """A bundle cannot be read or written, or is not what its card says."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.path = path
        super().__init__(f'bundle {path}', problem, remedy)


class EvaluationError(ExplainedError):
    """A network, a set of samples, a recording or a report cannot be evaluated."""


class FileError(ExplainedError):
    """A file or folder cannot be found, read or written."""


class ProcessError(ExplainedError):
    """A process or node does not start, does not reply or has failed."""


class MissingLibraryError(NeuralIkError):
    """A library that is needed here is not installed for this Python."""

    def __init__(self, library: str | None, remedy: str = 'docs/start.md says how') -> None:
        super().__init__(f'{library} is not installed for {sys.executable}; {remedy}.')

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> MissingLibraryError:
        """
        Return the error that reports a failed import.

        :raises ModuleNotFoundError: The given error if the module is one of our own: a bug.
        """
        name = (error.name or str(error)).partition('.')[0]
        if name == __name__.partition('.')[0]:
            raise error
        return cls(name)
