# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures of the documentation are those of docs/results/benchmark.json."""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY))  # the benchmark is not installed

from benchmark.report import update_docs  # noqa: E402
from benchmark.report.results import read_results  # noqa: E402
from benchmark.report.tables import tables  # noqa: E402
from neural_ik_ros.learning.bundle.card import MODEL  # noqa: E402
from neural_ik_ros.learning.bundle.storage import load_bundle  # noqa: E402


def test_pages_show_the_tables_of_the_benchmark():
    by_name = update_docs.page_tables(read_results(update_docs.RESULTS))
    shown = 0
    for page in update_docs.PAGES:
        text = page.read_text(encoding='utf-8')
        shown += len(update_docs.BLOCK.findall(text))
        assert text == update_docs.replace_tables(text, update_docs.BLOCK, by_name), (
            'run make bench bench-docs'
        )
    assert shown >= len(by_name) - 1


def test_summary_of_the_readme_is_rows_of_the_benchmark():
    results = read_results(update_docs.RESULTS)
    short = update_docs.page_tables(results)['summary'].splitlines()
    assert len(short) == 2 + len(update_docs.IN_SHORT)
    assert set(short) < set(tables(results)['summary'].splitlines())


def test_benchmark_is_of_the_shipped_network():
    measured = read_results(update_docs.RESULTS).model_sha256
    assert measured == load_bundle(None).card.files[MODEL].sha256, 'run make bench bench-docs'


def test_pictures_of_the_benchmark_exist():
    page = (REPOSITORY / 'docs' / 'benchmark.md').read_text(encoding='utf-8')
    pictures = re.findall(r'\]\((images/\w+\.png)\)', page)

    assert len(pictures) == 2
    assert all((REPOSITORY / 'docs' / picture).is_file() for picture in pictures)
