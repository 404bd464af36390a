# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Markdown tables of an evaluation, as shown in the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from .inference_times import REFERENCE
from .markdown import markdown_table
from .metrics import ErrorStatistics, PredictorMetrics
from .predictors import HOLD_CURRENT
from .results import Evaluation

Cells = Callable[[PredictorMetrics], Sequence[str]]


def tables(evaluation: Evaluation) -> dict[str, str]:
    """Return the tables by name, each with its header and no final line break."""
    main, everything = evaluation.main_sets, list(next(iter(evaluation.sets.values())))
    shown = [HOLD_CURRENT, *evaluation.networks]
    hard_cases = [name for name in evaluation.sets if name not in main]
    return {
        'setup': _setup_sentence(evaluation),
        'summary': _metrics_table(evaluation, main, shown, _SUMMARY, _summary),
        'unrefined': _metrics_table(evaluation, main, everything, _UNREFINED, _unrefined),
        'refined': _metrics_table(evaluation, main, everything, _REFINED, _refined),
        'joints': _metrics_table(evaluation, main, everything, _JOINTS, _joints),
        'hard_cases': _metrics_table(evaluation, hard_cases, shown, _SUMMARY, _summary),
        'time': _time_table(evaluation),
    }


def tables_page(evaluation: Evaluation) -> str:
    """Return the text of ``table.md``: all tables below their titles."""
    found = tables(evaluation)
    return '\n\n'.join(f'## {_TITLES[name]}\n\n{table}' for name, table in found.items()) + '\n'


_TITLES = {
    'setup': 'Made with',
    'summary': 'Networks',
    'unrefined': 'Predictions',
    'refined': 'Refined predictions',
    'joints': 'Predictions, each joint',
    'hard_cases': 'Hard cases',
    'time': 'Time of one inference',
}
_SUMMARY = (
    'joint RMSE [rad]',
    'tool median',
    'relative to the motion',
    'converged',
    'posture kept',
    'iterations',
)
_UNREFINED = (
    *('joint MSE [rad²]', 'joint RMSE [rad]', 'RMSE, scaled', 'tool median', 'tool p95'),
    *('tool max', 'relative to the motion'),
)
_REFINED = (
    *('converged', 'posture kept', 'same solution', 'iterations mean', 'p95'),
    *('joint MSE [rad²]', 'joint RMSE [rad]', 'tool median', 'tool p95', 'tool max'),
)
_JOINTS = tuple(f'joint_{joint} [deg]' for joint in range(1, 7))


def _setup_sentence(evaluation: Evaluation) -> str:
    """Return one sentence with what is needed to reproduce the results."""
    settings = ', '.join(f'{name} {value}' for name, value in evaluation.configuration.items())
    versions = ', '.join(f'{name} {value}' for name, value in evaluation.versions.items())
    machine = evaluation.hardware
    return (
        f'Arm {evaluation.arm}; {settings}; {versions}; '
        f'{machine["n_processors"]} x {machine["processor"]}, one thread.'
    )


def _metrics_table(
    evaluation: Evaluation,
    names: Sequence[str],
    predictors: Sequence[str],
    header: Sequence[str],
    cells: Cells,
) -> str:
    sets = evaluation.sets
    rows = [
        (name, predictor, *cells(sets[name][predictor]))
        for name in names
        for predictor in predictors
    ]
    return markdown_table(('set', 'predictor', *header), rows)


def _summary(metrics: PredictorMetrics) -> Sequence[str]:
    errors, refinement = metrics.unrefined, metrics.refinement
    return (
        _three_digits(errors.joint_rmse),
        _tool_error(errors.position_median, errors.rotation_median),
        _relative_to_motion(errors),
        _percent(refinement.converged),
        _percent(refinement.posture_kept),
        _iterations(refinement.mean_iterations),
    )


def _unrefined(metrics: PredictorMetrics) -> Sequence[str]:
    errors = metrics.unrefined
    return (
        _three_digits(errors.joint_mse),
        _three_digits(errors.joint_rmse),
        _three_digits(errors.scaled_rmse),
        *_tool_cells(errors),
        _relative_to_motion(errors),
    )


def _refined(metrics: PredictorMetrics) -> Sequence[str]:
    refinement, errors = metrics.refinement, metrics.refined
    return (
        _percent(refinement.converged),
        _percent(refinement.posture_kept),
        _percent(refinement.same_solution),
        _iterations(refinement.mean_iterations),
        _iterations(refinement.p95_iterations),
        _three_digits(errors.joint_mse),
        _three_digits(errors.joint_rmse),
        *_tool_cells(errors),
    )


def _joints(metrics: PredictorMetrics) -> Sequence[str]:
    """Return mean and p95 of each joint."""
    pairs = zip(metrics.unrefined.joint_mean, metrics.unrefined.joint_p95, strict=True)
    return [f'{_degrees(mean)}, p95 {_degrees(p95)}' for mean, p95 in pairs]


def _time_table(evaluation: Evaluation) -> str:
    return markdown_table(
        ('network', 'median [µs]', 'p95 [µs]', f'relative to {REFERENCE}'),
        (
            (
                name,
                f'{1e6 * time.median:.0f}',
                f'{1e6 * time.p95:.0f}',
                '-' if time.relative_to_reference is None else f'{time.relative_to_reference:.2f}',
            )
            for name, time in evaluation.inference_times.items()
        ),
    )


def _tool_cells(errors: ErrorStatistics) -> Iterator[str]:
    yield _tool_error(errors.position_median, errors.rotation_median)
    yield _tool_error(errors.position_p95, errors.rotation_p95)
    yield _tool_error(errors.position_max, errors.rotation_max)


def _relative_to_motion(errors: ErrorStatistics) -> str:
    pair = (errors.relative_position_error, errors.relative_rotation_error)
    return ', '.join(
        '-' if share is None else f'{_three_digits(100.0 * share)} %' for share in pair
    )


def _tool_error(position: float, rotation: float) -> str:
    return f'{_three_digits(1e3 * position)} mm, {_degrees(rotation)}°'


def _degrees(angle: float) -> str:
    return _three_digits(math.degrees(angle))


def _percent(share: float) -> str:
    """Return per cent, rounded down: 100 only if nothing is missing."""
    return '100 %' if share == 1.0 else f'{math.floor(round(1e4 * share, 6)) / 1e2:.2f} %'


def _iterations(count: float | None) -> str:
    return '-' if count is None else f'{count:.2f}'


def _three_digits(value: float) -> str:
    """Return three significant digits, as short as they can be written."""
    if value == 0.0:
        return '0'
    mantissa, exponent = f'{value:.2e}'.split('e')
    if -3 <= int(exponent) <= 3:
        return f'{value:.{max(0, 2 - int(exponent))}f}'
    return f'{mantissa}e{int(exponent)}'
