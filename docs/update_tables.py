# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put the tables of docs/evaluation.json between their markers in the pages that show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from neural_ik_ros.learning.evaluation.results import read_evaluation
from neural_ik_ros.learning.evaluation.tables import tables

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / 'docs' / 'evaluation.json'
PAGES = (REPOSITORY / 'README.md', REPOSITORY / 'docs' / 'learning.md')
BLOCK = re.compile(r'(<!-- evaluation: (\w+) -->\n).*?(<!-- evaluation: end -->)', re.DOTALL)


def updated(page: str, by_name: Mapping[str, str]) -> str:
    """
    Return the text of a page with each table between its markers.

    ``<!-- evaluation: summary -->`` begins the table of that name, ``<!-- evaluation: end -->``
    ends it.
    """
    return BLOCK.sub(lambda found: f'{found[1]}\n{by_name[found[2]]}\n\n{found[3]}', page)


def main() -> None:
    """Update all pages."""
    by_name = tables(read_evaluation(RESULTS))
    for page in PAGES:
        page.write_text(updated(page.read_text(encoding='utf-8'), by_name), encoding='utf-8')


if __name__ == '__main__':
    main()
