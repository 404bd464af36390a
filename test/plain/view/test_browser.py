# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium, dragged by mouse; software rendering, so with patience."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from strategies import URDF_FILE

from neural_ik_ros.kinematics import FloatArray, forward
from neural_ik_ros.solver import IkSolver
from neural_ik_ros.view.follower import ArmFollower, Snapshot, ViewOptions

WAIT_S = 60.0
WINDOW = {'width': 900, 'height': 600}
FLAGS = [
    *('--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader'),
    *('--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'),
]
AXIS = np.array([0.0, 1.0, 0.0])  # of the handle that is dragged; at home that of the base
ARROW_SHARE = 0.7  # of the handle's size: inside the arrow
ATTEMPTS = 3  # a slow machine may draw the handle too late for the press to take it
DRAGGED_M = 0.15
BESIDE = np.array([3.0, 3.0])  # [px]


@dataclass
class Stage:
    """A view whose loop runs in a thread, and the newest of what it drew."""

    server: Any
    url: str
    follower: ArmFollower
    handle: Any
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def snapshot(self) -> Snapshot:
        return self.snapshots[-1]

    def wait_until(self, is_done: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_done():
            assert time.monotonic() < deadline, 'it never came to that'
            time.sleep(0.02)


@pytest.fixture
def stage(viser, solver: IkSolver) -> Iterator[Stage]:
    from neural_ik_ros.view.browser import served_page
    from neural_ik_ros.view.local_view import LocalView, run_frames
    from neural_ik_ros.view.shapes import arm_shapes

    follower = ArmFollower(solver, ViewOptions(branches=False))
    groups = arm_shapes(URDF_FILE.read_text(), solver.arm, URDF_FILE.parent)
    is_over = threading.Event()
    with served_page('127.0.0.1', 0) as (server, url):
        view = LocalView(server, follower, groups, np.eye(4))
        found = Stage(server, url, follower, server.scene.get_handle_by_name('/target'))

        def frame(dt: float) -> None:
            found.snapshots[-5:] = [*found.snapshots[-4:], view.frame(dt)]

        loop = threading.Thread(target=run_frames, args=(frame, is_over.is_set))
        loop.start()
        found.wait_until(lambda: found.snapshots)
        yield found
        is_over.set()
        loop.join()


@pytest.fixture(scope='module')
def browser(chromium_path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def opened(browser: Any, stage: Stage) -> Iterator[Any]:
    """Provide the page once its client has connected and drawn."""
    n_before = len(stage.server.get_clients())
    page = browser.new_page(viewport=WINDOW)
    page.goto(stage.url)
    stage.wait_until(
        lambda: len(stage.server.get_clients()) > n_before or page.wait_for_timeout(50)
    )
    page.wait_for_timeout(3000)
    yield page
    page.close()


def on_screen(page: Any, camera: Any, point: FloatArray) -> FloatArray:
    """Return where a point (3,) [m] of the scene is drawn (2,) [px]."""
    from viser.transforms import SO3

    x, y, z = SO3(camera.wxyz).as_matrix().T @ (point - camera.position)
    rectangle = page.locator('canvas').first.bounding_box()
    pixels = 0.5 * rectangle['height'] / np.tan(0.5 * camera.fov)
    centre = [
        rectangle['x'] + 0.5 * rectangle['width'],
        rectangle['y'] + 0.5 * rectangle['height'],
    ]
    return np.array(centre) + pixels * np.array([x, y]) / z


def drag(page: Any, start: FloatArray, end: FloatArray) -> None:
    for _ in range(2):  # software rendering takes a while to notice that the mouse is there
        page.mouse.move(*(start + BESIDE))
        page.mouse.move(*start)
        page.wait_for_timeout(400)
    page.mouse.down()
    for share in np.linspace(0.125, 1.0, 8):
        page.mouse.move(*(start + share * (end - start)))
        page.wait_for_timeout(150)
    page.mouse.up()
    page.wait_for_timeout(500)


def test_dragged_handle_moves_the_arm_and_not_the_camera(browser, stage):
    with opened(browser, stage) as page:
        (client,) = stage.server.get_clients().values()
        for _ in range(ATTEMPTS):
            camera_before = np.array(client.camera.position)
            target_before = stage.snapshot.transform_base_target.copy()
            arrow = target_before[:3, 3] + ARROW_SHARE * stage.handle.scale * AXIS
            start = on_screen(page, client.camera, arrow)
            drag(page, start, on_screen(page, client.camera, arrow + DRAGGED_M * AXIS))
            stage.wait_until(lambda: not stage.snapshot.is_moving)
            moved = stage.snapshot.transform_base_target[:3, 3] - target_before[:3, 3]
            if moved @ AXIS > 0.5 * DRAGGED_M:
                break
        assert moved @ AXIS > 0.5 * DRAGGED_M
        assert np.abs(moved - (moved @ AXIS) * AXIS).max() < 1e-3  # along the arrow only
        assert_allclose(client.camera.position, camera_before, atol=1e-6)
        pose = forward(stage.follower.arm, stage.snapshot.q)
        assert_allclose(pose, stage.snapshot.transform_base_target, atol=1e-6)
        page.wait_for_timeout(1000)
        text = page.inner_text('body')
        y = stage.snapshot.transform_base_target[1, 3]
        assert f'{y:+.3f}' in text
        assert stage.snapshot.solution.reason in text
        for angle in np.degrees(stage.snapshot.q):
            assert f'{angle:+.2f}°' in text


def test_clients_see_the_same_and_one_that_leaves_changes_nothing(browser, stage):
    with opened(browser, stage) as first:
        with opened(browser, stage) as second:
            second.get_by_role('button', name='Random').evaluate('button => button.click()')
            before = stage.follower.q_home
            stage.wait_until(lambda: np.abs(stage.snapshot.q - before).max() > 0.01)
        stage.wait_until(lambda: len(stage.server.get_clients()) == 1)
        stage.wait_until(lambda: not stage.snapshot.is_moving)
        target = stage.snapshot.transform_base_target
        first.wait_for_timeout(1000)
        assert f'{target[0, 3]:+.3f} {target[1, 3]:+.3f}' in first.inner_text('body')
        assert stage.snapshot.transform_base_target is target


def test_page_needs_nothing_from_elsewhere(browser, stage):
    requested: list[str] = []
    page = browser.new_page(viewport=WINDOW)
    page.on('request', lambda request: requested.append(request.url))
    page.goto(stage.url)
    page.wait_for_timeout(3000)
    page.close()
    own = stage.url.split('/')[2]
    assert requested
    assert all(
        url.split('/')[2] == own or url.startswith(('data:', 'blob:')) for url in requested
    ), requested


def test_page_of_another_origin_cannot_connect(browser, stage):
    context = browser.new_context()
    page = context.new_page()
    page.route('http://evil.example/', lambda route: route.fulfill(body='<html></html>'))
    page.goto('http://evil.example/')
    ending = page.evaluate(
        """url => new Promise(done => {
            const socket = new WebSocket(url.replace('http', 'ws'));
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        })""",
        stage.url,
    )
    context.close()
    assert ending == 'refused'
    assert not stage.server.get_clients()
