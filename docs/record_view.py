# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Makes docs/images/view.gif: the real page of ``neural_ik view`` in headless Chromium.

Time is that of the recording, not of the clock, so that slow software rendering does not show:
the view is advanced by one frame, Chromium draws it, a screenshot is taken.

    .venv/bin/python docs/record_view.py    # needs .[view,test-view], pillow and Chromium
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from neural_ik_ros.api import bundle_urdf, load_solver
from neural_ik_ros.view.browser import served_page
from neural_ik_ros.view.follower import ArmFollower, ViewOptions
from neural_ik_ros.view.local_view import LocalView
from neural_ik_ros.view.shapes import arm_shapes

OUTPUT = Path(__file__).parent / 'images' / 'view.gif'
WINDOW = {'width': 960, 'height': 600}
SHOWN = (720, 450)  # [px] of the picture
FRAME_S = 1.0 / 12.0
SETTLE_MS = 250  # for Chromium to draw a frame in software
PATIENCE_MS = 120_000  # on a busy machine
N_COLOURS = 256
MAX_BYTES = 3_000_000
FLAGS = [
    *('--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader'),
    *('--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'),
]


def main() -> int:
    """Return the exit code."""
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    if chromium is None:
        print('no Chromium: apt install chromium', file=sys.stderr)
        return 1
    solver = load_solver()
    follower = ArmFollower(solver, ViewOptions())
    groups = arm_shapes(bundle_urdf(), solver.arm, Path())
    with served_page('127.0.0.1', 0) as (server, url), sync_playwright() as playwright:
        view = LocalView(server, follower, groups, np.eye(4))
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=WINDOW)
        page.goto(url)
        page.wait_for_timeout(6000)
        page.locator('.mantine-Notification-closeButton').evaluate_all(
            'buttons => buttons.forEach(button => button.click())'
        )
        page.wait_for_timeout(1000)
        pictures = [picture(page) for _ in scenes(follower, view.frame, page)]
        browser.close()
    save(pictures)
    print(f'{OUTPUT}: {len(pictures)} pictures, {OUTPUT.stat().st_size / 1e6:.2f} MB')
    return OUTPUT.stat().st_size > MAX_BYTES


def scenes(follower: ArmFollower, frame: Callable[[float], Any], page: Page) -> Iterator[None]:
    """Yield after each frame: along the path, then to the other posture, and back home."""

    def play(n_frames: int) -> Iterator[None]:
        for _ in range(n_frames):
            frame(FRAME_S)
            page.wait_for_timeout(SETTLE_MS)
            yield

    follower.start_path()
    yield from play(42)
    follower.start_path()
    follower.go_to_next_posture()
    yield from play(24)
    follower.go_home()
    yield from play(24)


def picture(page: Page) -> Image.Image:
    """Return what the page shows."""
    return (
        Image.open(io.BytesIO(page.screenshot(timeout=PATIENCE_MS)))
        .convert('RGB')
        .resize(SHOWN, Image.LANCZOS)
    )


def save(pictures: list[Image.Image]) -> None:
    """Write the pictures with one palette, so that what does not move takes no space."""
    palette = pictures[len(pictures) // 2].quantize(
        N_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    frames = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    frames[0].save(
        OUTPUT, save_all=True, append_images=frames[1:], duration=round(1000 * FRAME_S), loop=0,
        optimize=True,
    )  # fmt: skip


if __name__ == '__main__':
    sys.exit(main())
