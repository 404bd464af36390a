# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of docs/results/evaluation.json into the pages that show them."""

from __future__ import annotations

from pathlib import Path

from neural_ik_ros.learning.evaluation.markdown import replace_tables, table_block
from neural_ik_ros.learning.evaluation.results import read_evaluation
from neural_ik_ros.learning.evaluation.tables import tables

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / 'docs' / 'results' / 'evaluation.json'
PAGES = (REPOSITORY / 'README.md', REPOSITORY / 'docs' / 'network.md')
BLOCK = table_block('evaluation')


def main() -> None:
    """Update all pages."""
    by_name = tables(read_evaluation(RESULTS))
    for page in PAGES:
        page.write_text(
            replace_tables(page.read_text(encoding='utf-8'), BLOCK, by_name), encoding='utf-8'
        )


if __name__ == '__main__':
    main()
