# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one root of the package's exceptions."""


class NeuralIkError(Exception):
    """
    A mistake of the caller or the installation, told in one line that ends in a remedy.

    Outcomes of solving (unreachable, bad target ...) are never exceptions: see ``IkStatus``.
    """
