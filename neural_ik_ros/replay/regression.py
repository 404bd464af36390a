# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Comparison of the report of a replay with that of an earlier one, value by value."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..errors import ConfigError, FileError

REPORT_FORMAT = 2
MAX_BYTES = 1_000_000
MISSING = 'missing'


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much the values with a name may change; not at all by default."""

    names: str  # * stands for any characters
    share: float = 0.0  # of the baseline
    absolute: float = 0.0
    may_be_new: bool = False  # the baseline need not have it

    def allows(self, was: Any, now: Any) -> bool:
        """Return whether a value has not changed beyond the tolerance."""
        if math.isinf(self.share) or was == now or (self.may_be_new and was == MISSING):
            return True
        if not (_is_number(was) and _is_number(now)):
            return False
        return bool(abs(now - was) <= self.absolute + self.share * abs(was))

    @property
    def summary(self) -> str:
        """Text for the table."""
        parts = [f'{100.0 * self.share:g} %'] if self.share else []
        parts += [f'{self.absolute:g}'] if self.absolute else []
        return ' + '.join(parts) or 'none'


# The first match applies. Settings and the counts of targets are the same on every machine. The
# seeds of the network are computed in single precision and differ by about 1e-6 (relative) between
# processors. Solutions then differ by about 1e-14 rad, which motion generation amplifies where it
# switches: to less than 2e-4 rad in commands, and in the limit use of a joint that hardly moves
# (measured with noise of 1e-7 and 1e-6 rad on the seeds).
TOLERANCES = (
    Tolerance(names='made_by.*', share=math.inf),
    Tolerance(names='bag.name', share=math.inf),
    Tolerance(names='bag.storage', share=math.inf),
    Tolerance(names='settings.parameters.*', may_be_new=True),  # a newer version may have more
    Tolerance(names='solution_error_*', absolute=1e-9),
    Tolerance(names='seed_error_rad.mean*', share=1e-3, absolute=2e-6),
    Tolerance(names='seed_error_rad.*', share=1e-2, absolute=2e-6),
    Tolerance(names='iterations.mean', share=1e-2),
    Tolerance(names='iterations.*', share=2e-3, absolute=1.0),
    Tolerance(names='commands.limited', share=0.05, absolute=3.0),
    Tolerance(names='limit_use.position.*', share=1e-3, absolute=1e-4),
    Tolerance(names='limit_use.velocity.*', share=0.02, absolute=5e-3),
    Tolerance(names='limit_use.acceleration.*', share=0.02, absolute=0.1),
    Tolerance(names='deviation_m.*', share=0.05, absolute=5e-4),
    Tolerance(names='joint_step_rad.*', share=0.02, absolute=1e-5),
    Tolerance(names='recorded_commands.difference_rad.*', absolute=1e-3),
    Tolerance(names='recorded_commands.latency_ms.*', share=2e-3),
    Tolerance(names='recorded_solutions.before_first', may_be_new=True),
    Tolerance(names='recorded_solutions.difference_rad.*', absolute=1e-9),
    Tolerance(names='targets.solved_percent', absolute=1e-6),
    Tolerance(names='*'),
)


def tolerances_from_texts(texts: Sequence[str]) -> tuple[Tolerance, ...]:
    """
    Return tolerances such as ``iterations.*=0.05``, followed by the default ones.

    :raises ConfigError: If one cannot be parsed.
    """
    found = []
    for text in texts:
        names, _, value = text.rpartition('=')
        if not names:
            raise _bad_tolerance(text, 'has no name')
        try:
            share = math.inf if value == 'any' else float(value)
        except ValueError:
            raise _bad_tolerance(text, f'{value!r} is not a number') from None
        if not share >= 0.0:
            raise _bad_tolerance(text, f'{value} is not a share of at least zero')
        absolute = next(one.absolute for one in TOLERANCES if fnmatchcase(names, one.names))
        found.append(Tolerance(names=names, share=share, absolute=absolute))
    return (*found, *TOLERANCES)


def _bad_tolerance(text: str, problem: str) -> ConfigError:
    remedy = 'write for example iterations.*=0.05, or =any'
    return ConfigError(f'tolerance {text!r}', problem, remedy)


def load_baseline(path: Path) -> dict[str, Any]:
    """
    Return the values of an earlier report, by name.

    :raises FileError: If the file is not a report.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _bad_baseline(path, f'is larger than {MAX_BYTES} bytes')
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_baseline(path, f'cannot be read ({error})') from error
    except ValueError as error:
        raise _bad_baseline(path, f'is not JSON ({error})') from error
    if not isinstance(content, dict) or content.get('format') != REPORT_FORMAT:
        raise _bad_baseline(path, f'is not a report of format {REPORT_FORMAT}')
    return flat(content)


def _bad_baseline(path: Path, problem: str) -> FileError:
    return FileError(f'baseline {path}', problem, 'give the report.json of a replay')


def flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested data with dotted names, elements of lists numbered from one."""
    return dict(_flat(content, ''))


def _flat(content: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping):
        items: list[tuple[Any, Any]] = list(content.items())
    elif isinstance(content, list):
        items = list(enumerate(content, start=1))
    else:
        yield name, content
        return
    for key, value in items:
        yield from _flat(value, f'{name}.{key}' if name else str(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that differs from the baseline."""

    name: str
    was: Any
    now: Any
    allowed: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Row of the table."""
        change = ''
        if _is_number(self.was) and _is_number(self.now):
            change = f'{self.now - self.was:+.4g}'
            if self.was:
                change += f' ({100.0 * (self.now / self.was - 1.0):+.3g} %)'
        return self.name, _text(self.was), _text(self.now), change, self.allowed


def changes(
    was: Mapping[str, Any], now: Mapping[str, Any], tolerances: Sequence[Tolerance] = TOLERANCES
) -> list[Change]:
    """Return the values that changed, are new or are missing, in the order of the report."""
    found = []
    for name in dict.fromkeys([*now, *was]):
        tolerance = next(one for one in tolerances if fnmatchcase(name, one.names))
        old, new = was.get(name, MISSING), now.get(name, MISSING)
        if not tolerance.allows(old, new):
            found.append(Change(name=name, was=old, now=new, allowed=tolerance.summary))
    return found


def table(found: Sequence[Change]) -> str:
    """Return the changed values as a table for a terminal."""
    rows = [('value', 'baseline', 'now', 'change', 'allowed'), *(one.cells for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return '\n'.join(
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f'{value:.6g}'
    text = str(value)
    return text if len(text) <= 24 else f'{text[:21]}...'
