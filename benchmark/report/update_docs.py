# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put a run into the documentation: python -m benchmark.report.update_docs [FOLDER OF THE RUN]."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from neural_ik_ros.learning.evaluation.markdown import replace_tables, table_block

from .results import Results, read_results
from .tables import tables

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / 'docs' / 'results' / 'benchmark.json'
IMAGES = REPOSITORY / 'docs' / 'images'
PAGES = (REPOSITORY / 'README.md', REPOSITORY / 'docs' / 'benchmark.md')
BLOCK = table_block('benchmark')
# In the README: the strongest of each kind; docs/benchmark.md has all of them.
IN_SHORT = ('ours, network', 'ours, current joints', 'EAIK', 'TRAC-IK', 'roboticstoolbox LM')


def page_tables(results: Results) -> dict[str, str]:
    """All tables of a run by name, the summary with the rows of a few peers only."""
    by_name = tables(results)
    header, line, *rows = by_name['summary'].splitlines()
    short = [row for row in rows if row.split(' | ')[0].removeprefix('| ') in IN_SHORT]
    return {**by_name, 'summary': '\n'.join([header, line, *short])}


def main() -> None:
    """Copy the results of a run, if one is named, and update all pages."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        shutil.copy(folder / 'results.json', RESULTS)
        for picture in folder.glob('benchmark_*.png'):
            shutil.copy(picture, IMAGES / picture.name)
    by_name = page_tables(read_results(RESULTS))
    for page in PAGES:
        page.write_text(
            replace_tables(page.read_text(encoding='utf-8'), BLOCK, by_name), encoding='utf-8'
        )


if __name__ == '__main__':
    main()
