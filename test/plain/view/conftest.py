# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the view need besides, and skip without: viser, and a browser."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = ('chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture(scope='session')
def viser():
    return pytest.importorskip('viser', reason='viser is not installed: make view')


@pytest.fixture(scope='session')
def chromium_path(viser) -> str:
    pytest.importorskip('playwright', reason='playwright is not installed: make setup-test')
    found = filter(None, map(shutil.which, CHROMIUM))
    return next(found, None) or pytest.skip('no Chromium: apt install chromium')
