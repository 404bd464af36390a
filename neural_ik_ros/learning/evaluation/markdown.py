# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Markdown tables, and their replacement between the markers of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the cells are text."""
    lines = [f'| {" | ".join(cells)} |' for cells in (header, *rows)]
    return '\n'.join([lines[0], '|---' * len(header) + '|', *lines[1:]])


def table_block(kind: str) -> re.Pattern[str]:
    """
    Return the pattern of a table with its markers.

    ``<!-- kind: summary -->`` begins the table ``summary``, ``<!-- kind: end -->`` ends it.
    """
    return re.compile(rf'(<!-- {kind}: (\w+) -->\n).*?(<!-- {kind}: end -->)', re.DOTALL)


def replace_tables(page: str, block: re.Pattern[str], by_name: Mapping[str, str]) -> str:
    """Return the page with each table between its markers replaced."""
    return block.sub(lambda found: f'{found[1]}\n{by_name[found[2]]}\n\n{found[3]}', page)
