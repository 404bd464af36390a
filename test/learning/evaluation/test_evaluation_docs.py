# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation shows the results of docs/results/evaluation.json and of the bundles."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from neural_ik_ros.learning.bundle.storage import load_bundle, shipped_bundles
from neural_ik_ros.learning.evaluation.results import read_evaluation
from neural_ik_ros.learning.evaluation.tables import tables

DOCS = Path(__file__).resolve().parents[3] / 'docs'
SCRIPT = runpy.run_path(str(DOCS / 'update_tables.py'))


@pytest.fixture(scope='module')
def evaluation():
    return read_evaluation(SCRIPT['RESULTS'])


@pytest.mark.parametrize('page', SCRIPT['PAGES'], ids=lambda page: page.name)
def test_pages_show_the_tables_of_the_evaluation(evaluation, page):
    text = page.read_text(encoding='utf-8')

    assert len(SCRIPT['BLOCK'].findall(text)) >= 1
    by_name = SCRIPT['page_tables'](evaluation)
    assert text == SCRIPT['replace_tables'](text, SCRIPT['BLOCK'], by_name), 'run make evaluate'


def test_every_table_of_the_evaluation_is_shown_on_some_page(evaluation):
    text = ''.join(page.read_text(encoding='utf-8') for page in SCRIPT['PAGES'])
    shown = {name for _, name, _ in SCRIPT['BLOCK'].findall(text)}

    assert shown == set(SCRIPT['page_tables'](evaluation))
    assert shown > set(tables(evaluation))


def test_short_tables_are_rows_of_the_summary(evaluation):
    by_name = SCRIPT['page_tables'](evaluation)
    summary, networks, shipped = (
        [line.strip('| ').split(' | ') for line in by_name[name].splitlines()]
        for name in ('summary', 'networks', 'shipped')
    )
    names = list(next(iter(evaluation.sets.values())))

    assert len(networks) == 2 + len(SCRIPT['SETS']) * (1 + len(evaluation.networks))
    rows = {(row[0], row[1]): row for row in summary[2:]}
    for row in networks[2:]:
        assert set(row) < set(rows[row[0], row[1]])
    assert [row[0] for row in shipped[2:]] == list(SCRIPT['SETS'])
    for name, current, *ours in shipped[2:]:
        assert current in rows[name, names[0]]
        assert set(ours) < set(rows[name, SCRIPT['NETWORK']])


def test_documented_networks_are_the_shipped_ones(evaluation):
    shipped = {
        name: load_bundle(folder).card.files['model.tflite'].sha256
        for name, folder in shipped_bundles().items()
    }
    documented = {
        name: network['model']['sha256'] for name, network in evaluation.networks.items()
    }

    assert documented == shipped, 'run make evaluate'


def test_pictures_of_the_pages_exist():
    pages = (DOCS / 'network.md', DOCS / 'results' / 'evaluation.md')
    pictures = [
        page.parent / name
        for page in pages
        for name in re.findall(r'\]\(((?:\.\./)?images/\w+\.png)\)', page.read_text())
    ]

    assert len(pictures) >= 4
    for picture in pictures:
        assert picture.is_file()


def test_replace_tables_changes_what_is_between_the_markers_and_nothing_else():
    page = 'a\n<!-- evaluation: one -->\nold\n<!-- evaluation: end -->\nb\n'

    first = SCRIPT['replace_tables'](page, SCRIPT['BLOCK'], {'one': '| 1 |'})

    assert first == 'a\n<!-- evaluation: one -->\n\n| 1 |\n\n<!-- evaluation: end -->\nb\n'
    assert SCRIPT['replace_tables'](first, SCRIPT['BLOCK'], {'one': '| 1 |'}) == first


def test_replace_tables_refuses_a_table_that_there_is_not():
    page = '<!-- evaluation: two -->\n<!-- evaluation: end -->'

    with pytest.raises(KeyError, match='two'):
        SCRIPT['replace_tables'](page, SCRIPT['BLOCK'], {'one': ''})
