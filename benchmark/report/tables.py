# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Markdown tables of a run, for the documentation; no peer need be installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from neural_ik_ros.learning.evaluation.markdown import markdown_table

from .results import PathRow, Results, SetRow

OURS, CURRENT, ALONE = 'ours, network', 'ours, current joints', 'network alone, LiteRT'
PREDICT, GRAPH, LITERT = 'described, Keras predict', 'described, tf.function', 'described, LiteRT'
TRAC_IK, CLOSED_FORM = 'TRAC-IK', 'EAIK'
UNREACHABLE = 'unreachable'
SUMMARY_SETS = ('near', 'far', 'any', 'calibrated')

Cell = Callable[[SetRow], str]
Rows = Mapping[tuple[str, str], SetRow]


def tables(results: Results) -> dict[str, str]:
    """Return the tables by name, each with its header and without a last line break."""
    solvable = [name for name in _set_names(results) if name != UNREACHABLE]
    return {
        'setup': _setup(results),
        'summary': _summary(results),
        'peers': _peers(results),
        'solved': _by_set(results, _set_names(results), _solved_or_refused),
        'exact': _by_set(results, solvable, lambda row: _share(row.exact)),
        'posture': _by_set(results, solvable, _kept),
        'time': _by_set(results, _set_names(results), _times),
        'calibrated': _calibrated(results),
        'calls': _calls(results),
        'paths': _paths(results),
        'goals': _goals(results),
        'left_out': _left_out(results),
    }


def page(results: Results) -> str:
    """Return all tables below their titles, the content of ``report.md``."""
    parts = (f'## {name.replace("_", " ")}\n\n{text}' for name, text in tables(results).items())
    return '\n\n'.join(parts) + '\n'


def _setup(results: Results) -> str:
    machine, made = results.hardware, results.configuration
    versions = ', '.join(f'{name} {version}' for name, version in results.versions.items())
    return (
        f'{results.form} form, {made["seconds"]} s; {machine["n_processors"]} x '
        f'{machine["processor"]}, load {machine["load_before"]} before, {machine["cores_used"]} '
        f'core used; {versions}. {made["n"]} problems a set ({results.problems_sha256[:12]}), '
        f'{made["rounds"]} interleaved rounds of as many as fit into {made["budget"]:g} s a peer; '
        f'network {results.model_sha256[:12]}. The judges differ by at most '
        f'{results.judges_disagreement:.0e}.'
    )


def _summary(results: Results) -> str:
    """Return solve rate and median time of each solver where it matters most."""
    rows = []
    for peer in _solvers(results):
        cells = []
        for name in SUMMARY_SETS:
            row = results.row(name, peer)
            solved = '-' if row is None else f'{_share(row.solved)}, {_number(row.p50_us)} µs'
            cells.append(solved)
        rows.append((peer, *cells))
    return markdown_table(('solver', *SUMMARY_SETS), rows)


def _peers(results: Results) -> str:
    rows = [(p.name, f'{p.package} {p.version}', p.kind, p.call) for p in results.peers]
    return markdown_table(('peer', 'package', 'method', 'what is timed'), rows)


def _by_set(results: Results, names: Sequence[str], cell: Cell) -> str:
    """Return one line a solver and one column a set."""
    lines = []
    for peer in _solvers(results):
        found = [results.row(name, peer) for name in names]
        lines.append((peer, *('-' if row is None else cell(row) for row in found)))
    return markdown_table(('solver', *names), lines)


def _solved_or_refused(row: SetRow) -> str:
    """Return the share of right answers: on target, or refused where there is no solution."""
    return _share(1.0 - row.answered if row.set == UNREACHABLE else row.solved)


def _kept(row: SetRow) -> str:
    return _share(row.posture_kept) if row.solved > 0.0 else '-'


def _calibrated(results: Results) -> str:
    """Return the errors on calibrated arms."""
    rows = [results.row('calibrated', peer) for peer in _solvers(results)]
    lines = [
        (
            row.peer,
            _share(row.exact),
            _millimetres(row.position_median),
            _millimetres(row.position_max),
            f'{_number(row.p50_us)}',
        )
        for row in rows
        if row is not None
    ]
    header = ('solver', 'exact', 'off by, median [mm]', 'largest [mm]', 'p50 [µs]')
    return markdown_table(header, lines)


def _calls(results: Results) -> str:
    """Return the cost of one call of each network, and of the whole solver."""
    base = results.row('near', ALONE)
    lines = []
    for peer in (ALONE, OURS, CURRENT, LITERT, GRAPH, PREDICT):
        row = results.row('near', peer)
        if row is not None and base is not None:
            ratio = row.p50_us / base.p50_us
            lines.append((peer, _spread(row), _optional(row.p99_us), _number(ratio)))
    header = ('call', 'p50 [µs] (lowest, highest round)', 'p99 [µs]', f'of {ALONE}')
    return markdown_table(header, lines)


def _paths(results: Results) -> str:
    """Return one line per solver: its steps on each path, and its times on the first."""
    names = list(dict.fromkeys(row.path for row in results.paths))
    by_peer: dict[str, dict[str, PathRow]] = {}
    for row in results.paths:
        by_peer.setdefault(row.peer, {})[row.path] = row
    lines = []
    for peer, rows in by_peer.items():
        cells = [_step(rows[name]) if name in rows else '-' for name in names]
        first = rows.get(names[0])
        is_timed = first is not None and first.max_us > 0.0
        times = (first.p50_us, first.p99_us, first.max_us) if first and is_timed else ()
        lines.append((peer, *cells, ' / '.join(map(_number, times)) or '-'))
    return markdown_table(('solver', *names, 'p50 / p99 / max [µs]'), lines)


def _step(row: PathRow) -> str:
    """Return the largest step, changes of posture and failures."""
    text = f'{_number(math.degrees(row.max_joint_step))}°'
    if row.posture_changes:
        text += f', {row.posture_changes} changes'
    return f'{text}, {row.failures} of {row.n_targets} failed' if row.failures else text


def _goals(results: Results) -> str:
    """Return the ratios that are goals, as measured in this run."""
    rows = {(row.set, row.peer): row for row in results.sets}
    near = rows.get(('near', OURS))
    tail = '-' if near is None or near.p99_us is None else _number(near.p99_us / near.p50_us)
    lines = [
        (f'{OURS} / {ALONE}, near, p50', '<= 1.3', _ratio(rows, 'near', OURS, ALONE)),
        (f'{OURS}, near, p99 / p50', '<= 2', tail),
        *(
            (
                f'{peer} / {TRAC_IK}, {name}, p50; mean',
                '<= 0.5',
                f'{_ratio(rows, name, peer, TRAC_IK)}; {_ratio_of_means(rows, name, peer)}',
            )
            for peer in (OURS, CURRENT)
            for name in ('any', 'far')
        ),
        (f'{PREDICT} / {OURS}, near, p50', '>= 500', _ratio(rows, 'near', PREDICT, OURS)),
        (f'{PREDICT} / {LITERT}, near, p50', '-', _ratio(rows, 'near', PREDICT, LITERT)),
        (f'{OURS} / {CURRENT}, near, p50', '-', _ratio(rows, 'near', OURS, CURRENT)),
        (f'{OURS} / {CLOSED_FORM}, any, p50', '-', _ratio(rows, 'any', OURS, CLOSED_FORM)),
        (f'{CURRENT} / {CLOSED_FORM}, any, p50', '-', _ratio(rows, 'any', CURRENT, CLOSED_FORM)),
    ]
    return markdown_table(('ratio', 'goal', 'measured'), lines)


def _left_out(results: Results) -> str:
    lines = [(row.peer, row.where, row.reason) for row in results.left_out]
    return markdown_table(('peer', 'where', 'why'), lines) if lines else 'Nobody.'


def _solvers(results: Results) -> list[str]:
    return [peer.name for peer in results.peers if peer.is_solver]


def _set_names(results: Results) -> list[str]:
    return list(dict.fromkeys(row.set for row in results.sets))


def _ratio(rows: Rows, name: str, peer: str, base: str) -> str:
    above, below = rows.get((name, peer)), rows.get((name, base))
    return '-' if above is None or below is None else _number(above.p50_us / below.p50_us)


def _ratio_of_means(rows: Rows, name: str, peer: str) -> str:
    """Return the ratio to TRAC-IK, whose own figures are means."""
    above, below = rows.get((name, peer)), rows.get((name, TRAC_IK))
    return '-' if above is None or below is None else _number(above.mean_us / below.mean_us)


def _times(row: SetRow) -> str:
    return f'{_number(row.p50_us)} / {_optional(row.p99_us)}'


def _spread(row: SetRow) -> str:
    low, high = _number(row.p50_low_us), _number(row.p50_high_us)
    return f'{_number(row.p50_us)} ({low}, {high})'


def _optional(value: float | None) -> str:
    return '-' if value is None else _number(value)


def _millimetres(value: float | None) -> str:
    return '-' if value is None else _number(1e3 * value)


def _share(share: float) -> str:
    """Return per cent, rounded down; 100 only if nothing is missing."""
    return '100 %' if share == 1.0 else f'{math.floor(round(1e3 * share, 6)) / 1e1:.1f} %'


def _number(value: float) -> str:
    """Return three significant digits, as short as they can be written."""
    if value == 0.0:
        return '0'
    mantissa, exponent = f'{value:.2e}'.split('e')
    if -3 <= int(exponent) <= 5:
        return f'{float(f"{value:.2e}"):.{max(0, 2 - int(exponent))}f}'
    return f'{mantissa}e{int(exponent)}'
