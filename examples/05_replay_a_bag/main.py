# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Record a bag, replay it, then see what a lower acceleration limit would have done."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from picture import draw
from rosbags.highlevel import AnyReader

from neural_ik_ros.cli.main import main as neural_ik

SLOW_JOINT_2 = """/**:
  ros__parameters:
    max_acceleration: [5.0, 0.9, 5.0, 10.0, 10.0, 10.0]  # [rad/s^2]: joint_2 had 5.0
"""
COMMANDS = '/joint_trajectory_controller/joint_trajectory'


def main(output: Path) -> None:
    """Write bags and reports to the folder, print what moved, and draw it."""
    bag, before, after = output / 'bag', output / 'before', output / 'after'
    slow = output / 'slow_joint_2.yaml'
    slow.write_text(SLOW_JOINT_2, encoding='utf-8')

    print('$ neural_ik record-demo: a bag as ros2 bag record writes it, without a robot')
    neural_ik(['record-demo', '--duration', '8', '--rate', '100', '--output', str(bag)])

    print('\n$ neural_ik replay: the same targets once more')
    neural_ik(['replay', str(bag), '--output', str(before)])

    print('\n$ neural_ik replay --baseline: with the lower limit, against the replay before')
    code = neural_ik(
        ['replay', str(bag), '--params-file', str(slow), '--output', str(after)]
        + ['--baseline', str(before / 'report.json')]
        + ['--tolerance', 'seed_error_rad.*=any']  # seeds may change
    )
    print(f'exit code {code}: this is what a continuous integration would see')

    draw(commands(before / 'bag'), commands(after / 'bag'), output / 'picture.png')


def commands(bag: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) [s] and commanded joints (n, 6) [rad] of a bag."""
    times_ns, joints = [], []
    with AnyReader([bag]) as reader:
        connections = [one for one in reader.connections if one.topic == COMMANDS]
        for connection, time_ns, data in reader.messages(connections):
            message = reader.deserialize(data, connection.msgtype)
            times_ns.append(time_ns)
            joints.append(message.points[0].positions)
    return (np.array(times_ns) - times_ns[0]) * 1e-9, np.array(joints)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('example_output'), metavar='FOLDER')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    main(arguments.output)
