# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Types of command line arguments, for argparse."""

from __future__ import annotations

import argparse


def bounded_float(text: str, low: float, high: float) -> float:
    """Return the number in a text, between two bounds."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{text!r} is not a number') from error
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f'{text} is not between {low:.15g} and {high:.15g}')
    return value


def bounded_int(text: str, low: int, high: int) -> int:
    """Return the whole number in a text, between two bounds."""
    value = bounded_float(text, low, high)
    if not value.is_integer():
        raise argparse.ArgumentTypeError(f'{text} is not a whole number')
    return int(value)


def random_seed(text: str) -> int:
    """Return the seed of a random number generator in a text."""
    return bounded_int(text, 0, 2**32 - 1)
