# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The examples that need neither ROS nor TensorFlow, and what all of them look like."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest
from example_runs import EXAMPLES, REPOSITORY, Example, run_example

PLAIN = ('01_solve_and_judge', '02_postures_and_turns', '04_calibrated_arm', '05_replay_a_bag')
BAG_EXAMPLE = PLAIN[-1]  # needs rosbags
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.name[:2].isdigit())
EXACT = 1e-9  # [m] what the solver promises
NUMBER = r'([-+.\de]+)'
LARGEST_PICTURE = 150_000  # bytes


@pytest.fixture(scope='module')
def example(tmp_path_factory) -> Iterator[Callable[[str], Example]]:
    """Return what an example shows; two run at a time, each in a process of its own."""
    pytest.importorskip('matplotlib')
    has_bags = find_spec('rosbags') is not None
    with ThreadPoolExecutor(2) as pool:
        runs = {
            name: pool.submit(run_example, tmp_path_factory.mktemp(name), name)
            for name in PLAIN
            if has_bags or name != BAG_EXAMPLE
        }
        yield lambda name: runs[name].result()


def test_examples_are_numbered_without_gaps():
    numbers = [int(folder.name[:2]) for folder in FOLDERS]
    assert numbers == sorted(set(numbers))
    assert set(numbers) >= set(range(1, 8))


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_example_has_its_page_and_its_picture(folder):
    page = (folder / 'README.md').read_text()
    assert '(picture.png)' in page
    assert f'examples/{folder.name}/main.py' in page
    assert len(page.splitlines()) < 80
    picture = (folder / 'picture.png').read_bytes()
    assert picture.startswith(b'\x89PNG')
    assert len(picture) < LARGEST_PICTURE
    for index in (EXAMPLES / 'README.md', REPOSITORY / 'README.md'):
        assert f'{folder.name}/' in index.read_text()


def test_code_of_the_readme_runs():
    (code,) = re.findall(
        r'^```python\n(.*?)^```', (REPOSITORY / 'README.md').read_text(), re.M | re.S
    )
    shown = {}
    with contextlib.redirect_stdout(io.StringIO()) as text:
        exec(code, shown)
    assert shown['solution'].status.is_solved
    assert str(shown['solution'].position_error) in text.getvalue()
    assert shown['solutions'].is_solved.all()


def test_solve_and_judge_reports_answers_from_refusals(example):
    shown = example('01_solve_and_judge')
    assert shown.text.startswith('SOLVED: ')
    assert max(shown.numbers(rf'off by {NUMBER} m and {NUMBER} rad')) < EXACT
    assert re.search(r'3 m away: UNREACHABLE, .*nan nan nan', shown.text)
    assert 'below the floor plate: OUTSIDE_LIMITS' in shown.text
    assert 'not a number: BAD_TARGET' in shown.text
    n_solved, n, n_inside = shown.numbers(r'solved (\d+) of (\d+), (\d+) of them within')
    assert n_solved == n_inside > 0.99 * n
    alone, _ = shown.numbers(rf'network alone: median {NUMBER} m, largest {NUMBER} m')
    median, largest = shown.numbers(rf'as solved: +median {NUMBER} m, largest {NUMBER} m')
    assert median < alone
    assert largest < EXACT


def test_postures_and_turns_keeps_postures_and_unwinds_never(example):
    shown = example('02_postures_and_turns')
    signs = re.findall(r'^shoulder (..), elbow \+1, wrist (..): ', shown.text, re.MULTILINE)
    assert sorted(signs) == [('+1', '+1'), ('+1', '-1'), ('-1', '+1'), ('-1', '-1')]
    kept = re.findall(rf'^from there: SOLVED, off by {NUMBER} rad', shown.text, re.MULTILINE)
    assert len(kept) == 4
    assert max(map(float, kept)) < EXACT
    assert 'asked from the front: OTHER_POSTURE\n' in shown.text
    assert 'allowed to change: SOLVED_OTHER_POSTURE\n' in shown.text
    low, high = shown.numbers(rf'joint_6 from {NUMBER} to {NUMBER} rad; then 20\d targets STEP')
    assert (low, high) == (-6.9, 6.98)


def test_calibrated_arm_is_met_by_its_own_calibration_only(example):
    shown = example('04_calibrated_arm')
    figures = rf'solved (\d+) of (\d+); tool off by {NUMBER} m, {NUMBER} rad .* at most {NUMBER} m'
    n_solved, n, position, rotation, _ = shown.numbers(f'nominal +{figures}')
    assert n_solved > 0.9 * n
    assert 1e-4 < position < 1e-2
    assert 1e-4 < rotation < 1e-2
    n_solved, n, _, _, largest = shown.numbers(f'calibrated +{figures}')
    assert n_solved > 0.99 * n
    assert largest < EXACT


def test_replay_a_bag_shows_what_a_limit_moves(example):
    pytest.importorskip('rosbags')
    shown = example(BAG_EXAMPLE)
    assert 'targets 800, solved 100.000 %' in shown.text
    assert re.search(
        r'^\d{4} commands of the bag differ by at most 0.00e\+00 rad', shown.text, re.M
    )
    moved = re.search(r'^settings\.parameters\.max_acceleration\.2 .*', shown.text, re.MULTILINE)
    assert moved is not None
    assert moved.group().split()[1:3] == ['5', '0.9']
    assert re.search(r'^\d+ values changed against', shown.text, re.MULTILINE)
    assert 'exit code 1' in shown.text
    before, after = (
        json.loads((shown.output / name / 'report.json').read_text())['limit_use']['acceleration']
        for name in ('before', 'after')
    )
    assert before[1] < 0.5
    assert after[1] == pytest.approx(1.0, abs=1e-3)
