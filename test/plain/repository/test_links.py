# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Links among the pages lead somewhere: to a file of the repository, and to a heading of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from strategies import REPOSITORY

PAGES = sorted(
    page
    for pattern in ('*.md', 'docs/**/*.md', 'examples/**/*.md', 'benchmark/*.md')
    for page in REPOSITORY.glob(pattern)
)
LINK = re.compile(r'\]\(([^)\s]+)\)')
CODE = re.compile(r'^```.*?^```', re.MULTILINE | re.DOTALL)


def links_of(page: Path) -> list[tuple[Path, str]]:
    """File and anchor of each link that does not leave the repository."""
    links = LINK.findall(CODE.sub('', page.read_text(encoding='utf-8')))
    inside = [link.partition('#') for link in links if '://' not in link]
    return [(page.parent / file if file else page, anchor) for file, _, anchor in inside]


def anchors_of(page: Path) -> set[str]:
    """Anchors that GitHub gives the headings of a page."""
    text = CODE.sub('', page.read_text(encoding='utf-8'))
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', one.lower()).replace(' ', '-') for one in headings}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_of_page_lead_to_files_and_headings(page):
    for file, anchor in links_of(page):
        assert file.exists(), file
        assert not anchor or anchor in anchors_of(file), f'{file}#{anchor}'


def test_pages_have_links_and_anchors():
    found = [link for page in PAGES for link in links_of(page)]
    assert len(PAGES) > 20
    assert len(found) > 80
    assert sum(anchor != '' for _, anchor in found) > 10


def test_index_of_docs_names_every_page():
    docs = REPOSITORY / 'docs'
    index = {file.resolve() for file, _ in links_of(docs / 'README.md')}
    assert set(docs.rglob('*.md')) - {docs / 'README.md'} <= index
