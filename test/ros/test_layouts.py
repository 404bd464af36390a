# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts of RViz, Foxglove and PlotJuggler name what the nodes of the demo publish."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from driver import AUTOSTART
from peers import NodeProcess, Peer

from neural_ik_ros.share import share_folder

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = share_folder() / 'config'
DEMO = {
    'simulated_arm': (),
    'target_source': ('-r', 'target_pose:=/neural_ik/target_pose'),
    'neural_ik_view': (),
    'neural_ik_node': AUTOSTART,
}
RVIZ_TYPES = {
    'MarkerArray': 'visualization_msgs/msg/MarkerArray',
    'Path': 'nav_msgs/msg/Path',
    'Pose': 'geometry_msgs/msg/PoseStamped',
    'RobotModel': 'std_msgs/msg/String',
}
MADE_OF_FIELDS = ('position', 'velocity')  # of each joint, in PlotJuggler's curves


class Demo:
    """What the nodes of the demo publish, as seen from outside."""

    def __init__(self, peer: Peer, nodes: set[str]) -> None:
        self.types: dict[str, str] = {}
        self.figures: set[str] = set()
        reports = peer.listen(DiagnosticArray, '/diagnostics')

        def is_complete() -> bool:
            for status in (status for report in reports for status in report.status):
                if status.name == '/neural_ik':
                    self.figures |= {pair.key for pair in status.values}
            return 'solve p50 [ms]' in self.figures

        assert peer.spin_until(is_complete, 60.0)
        for node in nodes:
            published = peer.node.get_publisher_names_and_types_by_node(node, '/')
            self.types |= {name: types[0] for name, types in published}


@pytest.fixture(scope='module')
def demo(tmp_path_factory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp('demo')
    processes = [
        NodeProcess(name, *arguments, log=folder / name) for name, arguments in DEMO.items()
    ]
    with Peer() as peer:
        yield Demo(peer, {'simulated_arm', 'target_source', 'neural_ik_view', 'neural_ik'})
    for process in processes:
        process.end()


def all_in(content: Any) -> Iterator[str]:
    """Yield every key and text of a JSON document."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from all_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from all_in(value)
    elif isinstance(content, str):
        yield content


def test_rviz_shows_topics_of_the_demo_in_their_types(demo):
    displays = yaml.safe_load((CONFIG / 'demo.rviz').read_text())['Visualization Manager']
    shown = 0
    for display in displays['Displays']:
        topic = display.get('Topic') or display.get('Description Topic')
        if topic:
            kind = display['Class'].rpartition('/')[2]
            assert demo.types.get(f'/{topic["Value"]}') == RVIZ_TYPES[kind], display['Name']
            shown += 1
    assert shown == 6


def test_foxglove_shows_topics_of_the_demo(demo):
    layout = json.loads((CONFIG / 'foxglove_layout.json').read_text())
    paths = {text for text in all_in(layout['configById']) if text.startswith('/')}
    topics = {path.partition('.')[0] for path in paths}
    assert topics - demo.types.keys() == {'/neural_ik'}, 'the name of a diagnostic status'
    assert len(topics) == 11
    fields = {re.sub(r'\[\d\]', '', path.partition('.')[2]) for path in paths}
    assert fields == {'', 'message', 'position', 'velocity'}


def test_every_panel_of_foxglove_is_somewhere():
    layout = json.loads((CONFIG / 'foxglove_layout.json').read_text())
    placed = {text for text in all_in(layout['layout']) if '!' in text}
    assert placed == layout['configById'].keys()


def test_plotjuggler_plots_fields_and_figures_of_the_demo(demo):
    root = ElementTree.parse(CONFIG / 'plotjuggler_layout.xml').getroot()
    selected = root.find('.//selected_topics').get('value').split(';')
    joint_topics = {
        topic for topic in selected if demo.types[topic] == 'sensor_msgs/msg/JointState'
    }
    curves = [curve.get('name') for curve in root.iter('curve')]
    assert len(curves) == 30
    for curve in curves:
        if curve.startswith('/diagnostics/'):
            # As its parser names them: topic, hardware, name of the status, key.
            assert curve.removeprefix('/diagnostics/neural_ik_ros//neural_ik/') in demo.figures
        else:
            topic, joint, name = re.fullmatch(r'(.+)/(joint_[1-6])/(\w+)', curve).groups()
            assert topic in joint_topics, curve
            assert name in MADE_OF_FIELDS, joint


def test_documentation_refers_to_every_layout():
    text = (REPOSITORY / 'docs' / 'ros.md').read_text(encoding='utf-8')
    for name in ('demo.rviz', 'foxglove_layout.json', 'plotjuggler_layout.xml'):
        assert f'(../config/{name})' in text
