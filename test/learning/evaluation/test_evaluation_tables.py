# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from neural_ik_ros.errors import EvaluationError
from neural_ik_ros.learning.evaluation import inference_times as inference_times_module
from neural_ik_ros.learning.evaluation.inference_times import (
    N_CALLS,
    InferenceTime,
    inference_times,
)
from neural_ik_ros.learning.evaluation.metrics import (
    ErrorStatistics,
    PredictorMetrics,
    RefinementStatistics,
)
from neural_ik_ros.learning.evaluation.results import Evaluation, read_evaluation
from neural_ik_ros.learning.evaluation.tables import tables, tables_page

ERRORS = ErrorStatistics(
    joint_mse=0.0025,
    joint_rmse=0.05,
    joint_mean=[np.pi / 180.0] * 6,
    joint_p95=[np.pi / 90.0] * 6,
    scaled_rmse=0.0123456,
    position_median=0.00123456,
    position_p95=0.02,
    position_max=1.5,
    rotation_median=np.pi / 180.0,
    rotation_p95=0.0,
    rotation_max=1e-9,
    relative_position_error=0.03,
    relative_rotation_error=None,
)
REFINEMENT = RefinementStatistics(
    converged=0.99999,
    posture_kept=1.0,
    same_solution=0.5,
    mean_iterations=2.345,
    p95_iterations=4.0,
)
METRICS = PredictorMetrics(n_samples=9, unrefined=ERRORS, refined=ERRORS, refinement=REFINEMENT)
PREDICTORS = {'hold_current': METRICS, 'hold_current + 1 iteration': METRICS, 'net': METRICS}


@pytest.fixture
def evaluation():
    return Evaluation(
        arm='irb2400',
        configuration={'seed': 2400, 'n_test': 9},
        networks={'net': {'history': {'loss': [2.0, 1.0]}}},
        versions={'numpy': '2'},
        hardware={'n_processors': 2, 'processor': 'abacus'},
        sets={'far': PREDICTORS, 'far/wrist': PREDICTORS},
        inference_times={
            'net': InferenceTime(median=8.04e-5, p95=1e-4, relative_to_reference=1.234),
            'reference': InferenceTime(median=6.5e-5, p95=1e-4, relative_to_reference=None),
        },
    )


def cells_of(table, *beginning):
    """Return the cells of the row that begins with these."""
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines()]
    found = [row for row in rows if row[: len(beginning)] == list(beginning)]
    assert len(found) == 1
    return found[0]


def test_tables_are_rectangular(evaluation):
    for name, table in tables(evaluation).items():
        widths = {line.count('|') for line in table.splitlines()}
        assert len(widths) == 1, name


def test_tables_convert_to_the_units_people_read(evaluation):
    row = cells_of(tables(evaluation)['unrefined'], 'far', 'net')

    assert row[2:] == [
        *('0.00250', '0.0500', '0.0123'),
        *('1.23 mm, 1.00°', '20.0 mm, 0°', '1500 mm, 5.73e-8°'),
        '3.00 %, -',
    ]


def test_tables_never_round_up_to_everything(evaluation):
    row = cells_of(tables(evaluation)['refined'], 'far', 'net')

    assert row[2:7] == ['99.99 %', '100 %', '50.00 %', '2.35', '4.00']


def test_tables_have_a_dash_where_nothing_was_reached(evaluation):
    none = replace(
        METRICS,
        refinement=replace(REFINEMENT, converged=0.0, mean_iterations=None, p95_iterations=None),
    )

    table = tables(replace(evaluation, sets={'far': {**PREDICTORS, 'net': none}}))['refined']

    assert cells_of(table, 'far', 'net')[5:7] == ['-', '-']


def test_tables_keep_hard_cases_and_baselines_out_of_the_summary(evaluation):
    summary, hard_cases = (
        tables(evaluation)[name].splitlines() for name in ('summary', 'hard_cases')
    )

    assert [line.split(' | ')[:2] for line in summary[2:]] == [
        ['| far', 'hold_current'],
        ['| far', 'net'],
    ]
    assert [line.split(' | ')[0] for line in hard_cases[2:]] == ['| far/wrist'] * 2


def test_tables_show_hard_cases_as_sets_where_there_is_nothing_else(evaluation):
    only = replace(evaluation, sets={'far/wrist': PREDICTORS})

    assert cells_of(tables(only)['summary'], 'far/wrist', 'net')


def test_tables_compare_times_with_the_reference(evaluation):
    table = tables(evaluation)['time']

    assert cells_of(table, 'net') == ['net', '80', '100', '1.23']
    assert cells_of(table, 'reference')[3] == '-'


def test_tables_page_has_a_title_for_every_table(evaluation):
    assert tables_page(evaluation).count('## ') == len(tables(evaluation))


def test_read_evaluation_returns_what_was_written(tmp_path, evaluation):
    (tmp_path / 'results.json').write_text(evaluation.to_json())

    assert read_evaluation(tmp_path / 'results.json') == evaluation


@pytest.mark.parametrize('content', ['', '[]', '{}', '{"sets": {"far": 1}}', '{"sets": {}}'])
def test_read_evaluation_refuses_something_else(tmp_path, content):
    (tmp_path / 'results.json').write_text(content)

    with pytest.raises(EvaluationError, match='no result of an evaluation'):
        read_evaluation(tmp_path / 'results.json')


class Slow:
    """An engine that takes its time on a clock of its own making."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.shapes = clock, seconds, set()

    def run(self, features):
        self.clock.append(self.clock[-1] + self.seconds)
        self.shapes.add(features.shape)


def test_inference_times_compares_single_calls_with_the_reference(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(inference_times_module.time, 'perf_counter', lambda: clock[-1])
    engines = {'reference': Slow(clock, 0.5), 'other': Slow(clock, 0.75)}

    times = inference_times(engines, np.zeros((3, 12), np.float32), n_rounds=2)

    assert times['reference'] == InferenceTime(median=0.5, p95=0.5, relative_to_reference=1.0)
    assert times['other'] == InferenceTime(median=0.75, p95=0.75, relative_to_reference=1.5)
    assert engines['other'].shapes == {(1, 12)}


def test_inference_times_takes_turns(monkeypatch):
    order = []

    class Named:
        def __init__(self, name):
            self.name = name

        def run(self, features):
            order.append(self.name)

    inference_times({'a': Named('a'), 'b': Named('b')}, np.zeros((1, 12), np.float32), n_rounds=2)

    bursts = [(name, len(list(calls))) for name, calls in itertools.groupby(order[2:])]
    assert bursts == [('a', N_CALLS), ('b', N_CALLS)] * 2


def test_inference_times_has_no_ratio_without_the_reference():
    class Quick:
        def run(self, features):
            pass

    assert (
        inference_times({'a': Quick()}, np.zeros((1, 12), np.float32), n_rounds=1)[
            'a'
        ].relative_to_reference
        is None
    )
