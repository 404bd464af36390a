# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``neural_ik``: quick to help, exact in what it answers, short in what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from geometries import GEOMETRIES
from strategies import REPOSITORY

from neural_ik_ros import __version__
from neural_ik_ros.cli import demo, replay
from neural_ik_ros.cli.main import main, make_parser
from neural_ik_ros.interface import params_file
from neural_ik_ros.kinematics import (
    Arm,
    arm_from_urdf,
    forward,
    pose_error,
    transform_from_xyz_rpy,
)
from neural_ik_ros.learning.bundle.storage import shipped_bundle
from neural_ik_ros.simulation.paths import SHAPES, PathConfig
from neural_ik_ros.solver import IkStatus

COMMANDS = (
    *('demo', 'replay', 'record-demo', 'solve', 'branches'),
    *('generate', 'import', 'train', 'bundle'),
)
HEAVY = (
    *('numpy', 'numba', 'scipy', 'ruckig', 'matplotlib', 'rclpy', 'rosbags', 'yaml', 'tqdm'),
    *('tensorflow', 'keras', 'sklearn', 'skops', 'ai_edge_litert', 'lxml'),
)
EXACT = 1e-9  # [m], [rad] what a solution may be off
REACHABLE = ['solve', '--xyz', '0.9', '0.2', '1.2', '--rpy', '0.1', '1.3', '-0.2']
BACKWARDS = ['0.1', '-1.6', '1.0', '0.3', '0.8', '0.1']  # the shoulder, that is
UNREACHABLE = ['solve', '--xyz', '3', '0', '1']


def refusal(capsys, *arguments: str) -> str:
    """Return the one line on stderr of a command that is refused."""
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith('neural_ik: ')
    return lines[0]


def answer(capsys, *arguments: str) -> tuple[int, dict[str, object]]:
    """Return the exit code and what was printed."""
    code = main(arguments)
    return code, json.loads(capsys.readouterr().out)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with ``main`` at hand."""
    paths = [str(REPOSITORY), os.environ.get('PYTHONPATH', '')]
    return subprocess.run(
        [sys.executable, '-c', f'import sys\n{code}', *arguments],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize('command', [(), *((name,) for name in COMMANDS), ('bundle', 'verify')])
def test_help_is_answered_without_importing_anything_heavy(command):
    code = (
        'from neural_ik_ros.cli.main import main\n'
        'try:\n'
        '    main([*sys.argv[1:], "--help"])\n'
        'finally:\n'
        '    print("imported:", *sys.modules)\n'
    )
    result = run(code, *command)
    assert result.returncode == 0
    assert result.stderr == ''
    usage, _, imported = result.stdout.rpartition('imported:')
    assert ' '.join(['usage: neural_ik', *command]) in usage
    modules = set(imported.split())
    assert 'neural_ik_ros.cli.solve' in modules
    assert not modules.intersection(HEAVY)


def test_options_have_the_defaults_of_what_they_configure():
    demo_bag = make_parser().parse_args(['record-demo'])
    path = PathConfig()
    assert (demo_bag.path, demo_bag.speed) == (path.shape, path.speed)
    assert demo.PATHS == SHAPES
    assert demo_bag.node == replay.NODE == params_file.NODE


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit, match=r'^0$'):
        main(['--help'])
    text = capsys.readouterr().out
    assert all(re.search(rf'^    {name}(  |$)', text, re.MULTILINE) for name in COMMANDS)


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit, match=r'^0$'):
        main(['--version'])
    assert capsys.readouterr().out == f'neural_ik_ros {__version__}\n'


@pytest.mark.parametrize(
    'arguments',
    [
        [],
        ['dance'],
        ['solve'],
        ['solve', '--xyz', '1', '0'],
        ['solve', '--xyz', '1', '0', 'up'],
        [*REACHABLE, '--from', '0', '0', '0'],
        [*REACHABLE, '--fast'],
        ['demo', '--path', 'spiral'],
        ['demo', '--duration', '1'],
        ['demo', '--duration', 'nan'],
        ['demo', '--duration', 'long'],
        ['demo', '--rate', '5'],
        ['demo', '--rate', '1e9'],
        ['replay'],
        ['replay', 'bag', '--node', 'neural_ik'],
        ['replay', 'bag', '--node', '//neural_ik'],
        ['replay', 'bag', '--node', '/my arm/neural_ik'],
        ['import', 'data.csv', '--output', 'data', '--seed', '-1'],
        ['evaluate', '--output', 'report', '--seed', '-1'],
        ['record-demo', '--storage', 'tape'],
        ['record-demo', '--rate', 'nan'],
        ['record-demo', '--jump-every', '2.5'],
        ['monitor', '--timeout', 'nan'],
        ['monitor', '--timeout', 'long'],
        ['evaluate', '--output', 'report', '--samples', 'many'],
        ['generate'],
        ['generate', '--part', 'all', '--output', 'data'],
        ['import', 'data.csv'],
        ['train'],
        ['bundle'],
        ['bundle', 'burn'],
    ],
    ids=' '.join,
)
def test_wrong_arguments_are_reported_with_the_usage(capsys, arguments):
    with pytest.raises(SystemExit, match=r'^2$'):
        main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.startswith('usage: neural_ik')
    assert 'error: ' in captured.err.splitlines()[-1]


def test_solve_prints_joints_that_reach_the_target(capsys, arm: Arm):
    start = [0.2, 0.1, 0.1, 0.1, 0.2, 0.1]
    code, data = answer(capsys, *REACHABLE, '--from', *map(str, start))
    assert code == 0
    assert data['status'] == 'SOLVED'
    tool = forward(arm, np.array(data['q']))
    assert np.linalg.norm(tool[:3, 3] - [0.9, 0.2, 1.2]) < EXACT
    # Fixed axes: about x first, then y, then z; the third column is where the tool points.
    expected = [
        np.cos(-0.2) * np.sin(1.3) * np.cos(0.1) + np.sin(-0.2) * np.sin(0.1),
        np.sin(-0.2) * np.sin(1.3) * np.cos(0.1) - np.cos(-0.2) * np.sin(0.1),
        np.cos(1.3) * np.cos(0.1),
    ]
    assert np.abs(tool[:3, 2] - expected).max() < EXACT
    assert data['position_error'] < EXACT
    assert data['rotation_error'] < EXACT
    assert data['max_joint_step'] == pytest.approx(np.abs(np.array(data['q']) - start).max())


def test_solve_takes_the_angles_it_printed_as_its_start(capsys):
    """Rounded zeros look like -1.2e-17, which argparse by itself takes for options."""
    _, data = answer(capsys, *REACHABLE)
    code, again = answer(capsys, *REACHABLE, '--from', *map(str, data['q']))
    assert code == 0
    assert again['max_joint_step'] < EXACT
    code, _ = answer(capsys, *REACHABLE, '--from', '-1.2e-17', '-1e-3', '-.5', '-0.', '-1E-3', '0')
    assert code == 0


@pytest.mark.parametrize(
    ('arguments', 'status'),
    [
        (UNREACHABLE, IkStatus.UNREACHABLE),
        (['solve', '--xyz', '-1', '0', '1'], IkStatus.OUTSIDE_LIMITS),
        (['solve', '--xyz', 'nan', '0', '1'], IkStatus.BAD_TARGET),
        (['solve', '--xyz', '1', '0', '1', '--rpy', 'inf', '0', '0'], IkStatus.BAD_TARGET),
        ([*REACHABLE, '--from', *['0'] * 5, 'nan'], IkStatus.BAD_JOINT_STATE),
        ([*REACHABLE, '--from', *BACKWARDS], IkStatus.OTHER_POSTURE),
    ],
    ids=lambda value: value.name if isinstance(value, IkStatus) else '',
)
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_solve_reports_why_not_and_prints_no_joints(capsys, arguments, status):
    code, data = answer(capsys, *arguments)
    assert code == 1
    assert data == {'status': status.name, 'reason': status.value}


def test_branches_prints_every_solution_in_the_order_of_the_rule(capsys, arm: Arm):
    start = ['--from', '0', '0.2', '0', '0', '0.8', '0']
    code, solved = answer(capsys, *REACHABLE, *start)
    assert main(['branches', *REACHABLE[1:], *start]) == code == 0
    branches = json.loads(capsys.readouterr().out)
    assert branches[0]['q'] == pytest.approx(solved['q'], abs=1e-7)
    statuses = [branch['status'] for branch in branches]
    assert statuses[0] == 'SOLVED'
    assert set(statuses) >= {'OTHER_POSTURE', 'OUTSIDE_LIMITS'}
    assert all(branch['reason'] for branch in branches)
    assert main(['branches', *UNREACHABLE[1:]]) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_solve_says_how_near_the_tool_can_come_when_asked(capsys, arm: Arm):
    code, data = answer(capsys, *UNREACHABLE, '--nearest')
    assert code == 1
    assert data['status'] == 'UNREACHABLE'
    tool = forward(arm, np.array(data['nearest']['q']))
    missed = np.linalg.norm(tool[:3, 3] - [3.0, 0.0, 1.0])
    assert data['nearest']['position_error'] == pytest.approx(missed)
    _, solved = answer(capsys, *REACHABLE, '--nearest')
    assert 'nearest' not in solved


def test_solve_changes_the_posture_when_allowed(capsys):
    arguments = [*REACHABLE, '--from', *BACKWARDS, '--allow-other-posture']
    code, data = answer(capsys, *arguments)
    assert code == 0
    assert data['status'] == 'SOLVED_OTHER_POSTURE'


def test_solve_is_exact_for_a_calibrated_arm(capsys, tmp_path, urdf_text):
    longer = tmp_path / 'longer.urdf'
    longer.write_text(urdf_text.replace('0.705', '0.7063'))
    bundle = str(shipped_bundle())
    code, data = answer(capsys, *REACHABLE, '--urdf', str(longer), '--bundle', bundle)
    _, nominal = answer(capsys, *REACHABLE)
    assert code == 0
    assert data['position_error'] < EXACT
    assert np.abs(np.subtract(data['q'], nominal['q'])).max() > 1e-4
    assert 'network' not in data
    code, alone = answer(capsys, *REACHABLE, '--urdf', str(longer))
    assert (code, alone['network']) == (0, None)
    assert alone['q'] == pytest.approx(data['q'], abs=1e-8)


def test_solve_takes_any_arm_between_named_links(capsys, tmp_path):
    path = tmp_path / 'ur5e.urdf'
    path.write_text(GEOMETRIES['UR5e'].text)
    target = ['solve', '--xyz', '0.4', '0.2', '0.3', '--rpy', '0.1', '2', '0.3']
    start = ['--from', '0.3', '-1.2', '1.4', '-1.5', '-1.4', '0.2', '--allow-other-posture']
    links = ['--base', 'base', '--tip', 'flange']
    code, data = answer(capsys, *target, *start, '--urdf', str(path), *links)
    assert (code, data['network']) == (0, None)
    arm = arm_from_urdf(GEOMETRIES['UR5e'].text, base_frame='base', tool_frame='flange')
    expected = transform_from_xyz_rpy((0.4, 0.2, 0.3), (0.1, 2.0, 0.3))
    assert max(pose_error(forward(arm, np.array(data['q'])), expected)) < EXACT
    assert "name base and tip: 'base' and 'l6'" in refusal(capsys, *target, '--urdf', str(path))
    assert 'give them with --urdf' in refusal(capsys, *target, *links)


def test_solve_refuses_a_bundle_of_another_arm(capsys, tmp_path):
    text = GEOMETRIES['spherical wrist'].text
    path = tmp_path / 'other.urdf'
    path.write_text(text.replace('"base"', '"base_link"').replace('"flange"', '"tool0"'))
    said = refusal(capsys, *REACHABLE, '--urdf', str(path), '--bundle', str(shipped_bundle()))
    assert 'made for another arm' in said


@pytest.mark.parametrize(
    ('option', 'content', 'reason'),
    [
        ('--bundle', None, 'No such file'),
        ('--urdf', None, 'No such file'),
        ('--urdf', 'no robot', 'not readable as URDF'),
        ('--urdf', '<robot name="none"/>', 'robot description'),
    ],
)
def test_solve_refuses_files_it_cannot_use_in_one_line(capsys, tmp_path, option, content, reason):
    path = tmp_path / 'given'
    if content is not None:
        path.write_text(content)
    assert reason in refusal(capsys, *REACHABLE, option, str(path))


@pytest.mark.parametrize('command', ['demo', 'generate'])
def test_output_that_cannot_be_a_folder_is_refused_in_one_line(capsys, tmp_path, command):
    if command == 'demo':
        pytest.importorskip('rclpy', reason='the demo needs ROS 2')
        pytest.importorskip('matplotlib')
    file = tmp_path / 'file'
    file.write_text('mine')
    line = refusal(capsys, command, '--output', str(file / 'folder'))
    assert str(file) in line
    assert '--output' in line
    assert refusal(capsys, command, '--output', str(file))
    assert file.read_text() == 'mine'


def test_missing_configuration_is_refused_in_one_line(capsys, tmp_path):
    output = tmp_path / 'data'
    line = refusal(capsys, 'generate', '--config', 'none.yaml', '--output', str(output))
    assert 'none.yaml' in line
    assert not output.exists()


def test_demo_says_what_is_missing_without_ros(tmp_path):
    code = (
        'sys.modules["rclpy"] = None\n'
        'from neural_ik_ros.cli.main import main\n'
        'sys.exit(main(sys.argv[1:]))'
    )
    result = run(code, 'demo', '--output', str(tmp_path / 'report'))
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert f'is not installed for {sys.executable}; source ROS 2 Jazzy' in lines[0]
    assert 'make setup' in lines[0]
    assert not (tmp_path / 'report').exists()


def test_interrupt_ends_with_the_code_that_shells_expect(capsys, monkeypatch):
    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr('neural_ik_ros.cli.solve._run', interrupted)
    assert main(REACHABLE) == 130
    assert capsys.readouterr().err == 'interrupted\n'


def test_demo_table_has_a_row_for_each_figure(arm):
    from recordings import LATENCY, RELAY, N, made_recording

    from neural_ik_ros.cli.demo import table
    from neural_ik_ros.motion import MotionLimits
    from neural_ik_ros.simulation.demo_report import make_report

    limits = MotionLimits.from_arm(arm, acceleration=[5.0] * 6, jerk=[50.0] * 6)
    lines = table(make_report(made_recording(arm), limits)).splitlines()
    text = '\n'.join(lines)
    assert f'targets sent {N}, answered {N}' in text
    assert 'solved 100.000 %' in text
    for row in ('exact solution', 'commanded joints', 'simulated arm', 'pose to trajectory'):
        assert row in text
    ratio = next(line for line in lines if 'ratio to the relay' in line)
    assert ratio.split()[-3:] == [f'{LATENCY / RELAY:.2f}'] * 3
    assert max(map(len, lines)) < 120
