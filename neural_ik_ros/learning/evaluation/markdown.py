# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tables in Markdown, and where they stand in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are text already."""
    lines = [f'| {" | ".join(cells)} |' for cells in (header, *rows)]
    return '\n'.join([lines[0], '|---' * len(header) + '|', *lines[1:]])


def block_of(kind: str) -> re.Pattern[str]:
    """
    Return what a table and its markers look like.

    ``<!-- kind: summary -->`` begins the table ``summary``, ``<!-- kind: end -->`` ends it.
    """
    return re.compile(rf'(<!-- {kind}: (\w+) -->\n).*?(<!-- {kind}: end -->)', re.DOTALL)


def with_tables(page: str, block: re.Pattern[str], by_name: Mapping[str, str]) -> str:
    """Return the text of a page with each table between its markers."""
    return block.sub(lambda found: f'{found[1]}\n{by_name[found[2]]}\n\n{found[3]}', page)
