# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Markdown tables of an evaluation, as they stand in the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from .inference_times import REFERENCE
from .markdown import markdown_table
from .metrics import Errors, ProposalErrors
from .predictors import ECHO
from .results import Evaluation

Cells = Callable[[ProposalErrors], Sequence[str]]


def tables(evaluation: Evaluation) -> dict[str, str]:
    """Return the tables by name, each with its header and without a last line break."""
    main, everybody = evaluation.main_sets, list(next(iter(evaluation.sets.values())))
    whose = [ECHO, *evaluation.networks]
    slices = [name for name in evaluation.sets if name not in main]
    return {
        'setup': _setup(evaluation),
        'summary': _rows(evaluation, main, whose, _SUMMARY, _summary),
        'alone': _rows(evaluation, main, everybody, _ALONE, _alone),
        'refined': _rows(evaluation, main, everybody, _REFINED, _refined),
        'joints': _rows(evaluation, main, everybody, _JOINTS, _joints),
        'slices': _rows(evaluation, slices, whose, _SUMMARY, _summary),
        'time': _time(evaluation),
    }


def page(evaluation: Evaluation) -> str:
    """Return all tables below their titles, the content of ``table.md``."""
    found = tables(evaluation)
    return '\n\n'.join(f'## {_TITLES[name]}\n\n{table}' for name, table in found.items()) + '\n'


_TITLES = {
    'setup': 'Made with',
    'summary': 'Networks',
    'alone': 'Proposals alone',
    'refined': 'Refined by Newton',
    'joints': 'Each joint, proposals alone',
    'slices': 'Hard slices',
    'time': 'One call',
}
_SUMMARY = (
    'joint RMSE [rad]',
    'tool median',
    'of the motion, median',
    'refined',
    'posture kept',
    'Newton steps',
)
_ALONE = (
    *('joint MSE [rad²]', 'joint RMSE [rad]', 'RMSE, scaled', 'tool median', 'tool p95'),
    *('tool max', 'of the motion, median'),
)
_REFINED = (
    *('refined', 'posture kept', 'answer found', 'Newton steps mean', 'p95'),
    *('joint MSE [rad²]', 'joint RMSE [rad]', 'tool median', 'tool p95', 'tool max'),
)
_JOINTS = tuple(f'joint_{joint} [deg]' for joint in range(1, 7))


def _setup(evaluation: Evaluation) -> str:
    """Return one sentence with what is needed to repeat the figures."""
    settings = ', '.join(f'{name} {value}' for name, value in evaluation.configuration.items())
    versions = ', '.join(f'{name} {value}' for name, value in evaluation.versions.items())
    machine = evaluation.hardware
    return (
        f'Arm {evaluation.arm}; {settings}; {versions}; '
        f'{machine["n_processors"]} x {machine["processor"]}, one thread.'
    )


def _rows(
    evaluation: Evaluation,
    names: Sequence[str],
    whose: Sequence[str],
    header: Sequence[str],
    cells: Cells,
) -> str:
    sets = evaluation.sets
    rows = [(name, who, *cells(sets[name][who])) for name in names for who in whose]
    return markdown_table(('set', 'proposal', *header), rows)


def _summary(errors: ProposalErrors) -> Sequence[str]:
    alone, newton = errors.alone, errors.newton
    return (
        _number(alone.joint_rmse),
        _tool(alone.position_median, alone.rotation_median),
        _motion(alone),
        _percent(newton.reached),
        _percent(newton.posture_kept),
        _steps(newton.mean),
    )


def _alone(errors: ProposalErrors) -> Sequence[str]:
    alone = errors.alone
    return (
        _number(alone.joint_mse),
        _number(alone.joint_rmse),
        _number(alone.scaled_rmse),
        *_tool_cells(alone),
        _motion(alone),
    )


def _refined(errors: ProposalErrors) -> Sequence[str]:
    newton, refined = errors.newton, errors.refined
    return (
        _percent(newton.reached),
        _percent(newton.posture_kept),
        _percent(newton.answer_found),
        _steps(newton.mean),
        _steps(newton.p95),
        _number(refined.joint_mse),
        _number(refined.joint_rmse),
        *_tool_cells(refined),
    )


def _joints(errors: ProposalErrors) -> Sequence[str]:
    """Return mean and p95 of each joint."""
    pairs = zip(errors.alone.joint_mean, errors.alone.joint_p95, strict=True)
    return [f'{_degrees(mean)}, p95 {_degrees(p95)}' for mean, p95 in pairs]


def _time(evaluation: Evaluation) -> str:
    return markdown_table(
        ('network', 'median [µs]', 'p95 [µs]', f'of {REFERENCE}'),
        (
            (
                name,
                f'{1e6 * call.median:.0f}',
                f'{1e6 * call.p95:.0f}',
                '-' if call.of_reference is None else f'{call.of_reference:.2f}',
            )
            for name, call in evaluation.call_times.items()
        ),
    )


def _tool_cells(errors: Errors) -> Iterator[str]:
    yield _tool(errors.position_median, errors.rotation_median)
    yield _tool(errors.position_p95, errors.rotation_p95)
    yield _tool(errors.position_max, errors.rotation_max)


def _motion(errors: Errors) -> str:
    pair = (errors.position_of_motion, errors.rotation_of_motion)
    return ', '.join('-' if share is None else f'{_number(100.0 * share)} %' for share in pair)


def _tool(position: float, rotation: float) -> str:
    return f'{_number(1e3 * position)} mm, {_degrees(rotation)}°'


def _degrees(angle: float) -> str:
    return _number(math.degrees(angle))


def _percent(share: float) -> str:
    """Return per cent; 100 only if nothing is missing."""
    return '100 %' if share == 1.0 else f'{math.floor(round(1e4 * share, 6)) / 1e2:.2f} %'


def _steps(count: float | None) -> str:
    return '-' if count is None else f'{count:.2f}'


def _number(value: float) -> str:
    """Return three significant digits, as short as they can be written."""
    if value == 0.0:
        return '0'
    mantissa, exponent = f'{value:.2e}'.split('e')
    if -3 <= int(exponent) <= 3:
        return f'{value:.{max(0, 2 - int(exponent))}f}'
    return f'{mantissa}e{int(exponent)}'
