# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Put a run into the documentation: python -m benchmark.update_docs [FOLDER OF THE RUN]."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .results import read_results
from .tables import tables

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / 'docs' / 'benchmark.json'
IMAGES = REPOSITORY / 'docs' / 'images'
PAGES = (REPOSITORY / 'README.md', REPOSITORY / 'docs' / 'benchmark.md')
BLOCK = re.compile(r'(<!-- benchmark: (\w+) -->\n).*?(<!-- benchmark: end -->)', re.DOTALL)


def updated(page: str, by_name: Mapping[str, str]) -> str:
    """
    Return the text of a page with each table between its markers.

    ``<!-- benchmark: summary -->`` begins the table of that name, ``<!-- benchmark: end -->``
    ends it.
    """
    return BLOCK.sub(lambda found: f'{found[1]}\n{by_name[found[2]]}\n\n{found[3]}', page)


def main() -> None:
    """Take the results of a run if one is named, and update all pages from what is there."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        shutil.copy(folder / 'results.json', RESULTS)
        for picture in folder.glob('benchmark_*.png'):
            shutil.copy(picture, IMAGES / picture.name)
    by_name = tables(read_results(RESULTS))
    for page in PAGES:
        page.write_text(updated(page.read_text(encoding='utf-8'), by_name), encoding='utf-8')


if __name__ == '__main__':
    main()
