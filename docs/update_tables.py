# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put the tables of docs/results/evaluation.json between the markers of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neural_ik_ros.learning.evaluation.markdown import markdown_table, replace_tables, table_block
from neural_ik_ros.learning.evaluation.results import Evaluation, read_evaluation
from neural_ik_ros.learning.evaluation.tables import tables

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / 'docs'
RESULTS = DOCS / 'results' / 'evaluation.json'
PAGES = (REPOSITORY / 'README.md', DOCS / 'network.md', DOCS / 'results' / 'evaluation.md')
BLOCK = table_block('evaluation')

SETS = ('near', 'far', 'any')  # of the two short tables
NETWORK = 'irb2400'  # of the README
SET, PROPOSAL, TOOL, REFINED, POSTURE_KEPT, ITERATIONS = 0, 1, 3, 5, 6, 7  # columns of the summary


def page_tables(evaluation: Evaluation) -> dict[str, str]:
    """All tables of the evaluation by name, and two that are cut out of its summary."""
    by_name = tables(evaluation)
    lines = by_name['summary'].splitlines()
    header, _, *rows = [line.removeprefix('| ').removesuffix(' |').split(' | ') for line in lines]
    rows = [row for row in rows if row[SET] in SETS]
    columns = (SET, PROPOSAL, TOOL, REFINED, POSTURE_KEPT, ITERATIONS)
    by_name['networks'] = markdown_table(
        [header[column] for column in columns],
        [[row[column] for column in columns] for row in rows],
    )
    by_name['shipped'] = _shipped_network(header, rows)
    return by_name


def _shipped_network(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One row a set: the tool error of the baseline, and what the shipped network reaches."""
    baseline = {row[SET]: row for row in reversed(rows)}  # the first of each set
    ours = {row[SET]: row for row in rows if row[PROPOSAL] == NETWORK}
    columns = (TOOL, REFINED, POSTURE_KEPT, ITERATIONS)
    title = (f'current joints, {header[TOOL]}', f'network, {header[TOOL]}')
    return markdown_table(
        (header[SET], *title, *(header[column] for column in columns[1:])),
        [
            (name, baseline[name][TOOL], *(ours[name][column] for column in columns))
            for name in SETS
        ],
    )


def main() -> None:
    """Update all pages."""
    by_name = page_tables(read_evaluation(RESULTS))
    for page in PAGES:
        page.write_text(
            replace_tables(page.read_text(encoding='utf-8'), BLOCK, by_name), encoding='utf-8'
        )


if __name__ == '__main__':
    main()
