# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from neural_ik_ros.cli.main import main
from neural_ik_ros.learning.data.all_solutions import SEEDS_PER_POSTURE, TIE_TOLERANCE
from neural_ik_ros.learning.data.csv_import import POSITION_ROUNDING, ROTATION_ROUNDING, SHARES
from neural_ik_ros.learning.data.dataset import BLOCK, DataConfig
from neural_ik_ros.learning.data.sampling import SAMPLE_SETS
from neural_ik_ros.learning.data.set_definitions import (
    HARD_CASES,
    SETS,
    all_set_names,
    split_set_name,
)

DATA_PAGE = Path(__file__).resolve().parents[3] / 'docs' / 'data.md'


@pytest.fixture(scope='module')
def page():
    return DATA_PAGE.read_text(encoding='utf-8')


def rows_below(page, heading):
    """Return the first two cells of the rows of the first table of a section."""
    table = page.split(f'\n## {heading}\n')[1].split('\n|---|---|\n')[1].split('\n\n')[0]
    return dict(re.findall(r'^\| `(.*?)` \| (.*?) \|$', table, re.MULTILINE))


@pytest.mark.parametrize(('heading', 'registry'), [('Sets', SETS), ('Hard cases', HARD_CASES)])
def test_data_page_has_the_definitions_of_the_registry(page, heading, registry):
    assert rows_below(page, heading) == dict(registry)


def test_data_page_has_the_defaults_of_the_configuration(page):
    table = page.split('| Key of `data:`')[1].split('\n\n')[0]
    defaults = DataConfig()
    named = set(re.findall(r'`(\w+)`', ''.join(re.findall(r'^\| (`.*?) \|', table, re.MULTILINE))))
    assert named == {field.name for field in fields(defaults)}
    sizes = ', '.join(map(str, (defaults.n_train, defaults.n_validation, defaults.n_test)))
    for default in (
        *(f'| {defaults.seed} |', f'| {sizes} |', f'| {defaults.inputs_per_target} |'),
        *(f'| {defaults.near_range} |', '| true |', '`{near: 0.5, far: 0.5}`'),
    ):
        assert default in table
    assert defaults.is_fresh_each_epoch
    assert defaults.sets == {'near': 0.5, 'far': 0.5}


def test_data_page_has_the_numbers_of_the_code(page):
    for number in (
        *(
            f'{BLOCK:,}',
            f'{SEEDS_PER_POSTURE} stored seeds',
            f'within {TIE_TOLERANCE:.0e} rad'.replace('e-0', 'e-'),
        ),
        f'{1e3 * POSITION_ROUNDING} mm, {ROTATION_ROUNDING:.0e} rad'.replace('e-0', 'e-'),
    ):
        assert number in page
    shares = [f'{100 * share:.0f} %' for share in SHARES.values()]
    assert f'{shares[0]} train, {shares[1]}\nvalidation, {shares[2]} test' in page


def test_every_set_that_is_defined_can_be_drawn():
    assert list(SAMPLE_SETS) == list(SETS)


def test_all_set_names_are_sets_and_their_hard_cases():
    names = all_set_names()

    assert len(names) == len(set(names)) == len(SETS) * (1 + len(HARD_CASES))
    assert {split_set_name(name) for name in names} == {
        (name, hard_case) for name in SETS for hard_case in ('', *HARD_CASES)
    }


def test_generate_help_shows_the_definitions(capsys):
    with pytest.raises(SystemExit, match='0'):
        main(['generate', '--help'])

    shown = ' '.join(capsys.readouterr().out.split())
    assert all(definition in shown for definition in (*SETS.values(), *HARD_CASES.values()))
