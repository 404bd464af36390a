# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts of RViz, Foxglove and PlotJuggler name what the nodes of the demo publish."""

from __future__ import annotations

import importlib
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
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from neural_ik_ros.kinematics import N_JOINTS
from neural_ik_ros.ros.nodes.path_markers import PathMarkersConfig
from neural_ik_ros.share import share_folder
from neural_ik_ros.urdf_file import read_urdf, shipped_urdf

REPOSITORY = Path(__file__).resolve().parents[3]
CONFIG = share_folder() / 'config'
DEMO = {
    'simulated_arm': (),
    'target_source': ('-r', 'target_pose:=/neural_ik/target_pose'),
    'path_markers': (),
    'neural_ik_node': AUTOSTART,
}
RVIZ_TYPES = {
    'MarkerArray': 'visualization_msgs/msg/MarkerArray',
    'Path': 'nav_msgs/msg/Path',
    'Pose': 'geometry_msgs/msg/PoseStamped',
    'RobotModel': 'std_msgs/msg/String',
}
# Whatever RViz (ros2/rviz, plugins_description.xml and panel_factory.cpp) has, of those used.
RVIZ_CLASSES = {
    *('rviz_common/Displays', 'rviz_common/Views'),
    *(f'rviz_default_plugins/{kind}' for kind in (*RVIZ_TYPES, 'Grid', 'TF', 'Orbit')),
    *(f'rviz_default_plugins/{tool}' for tool in ('MoveCamera', 'FocusCamera', 'Measure')),
}
RVIZ_POLICIES = {  # as written in a layout (qos_profile_property.cpp)
    'Best Effort': ReliabilityPolicy.BEST_EFFORT,
    'Reliable': ReliabilityPolicy.RELIABLE,
    'Volatile': DurabilityPolicy.VOLATILE,
    'Transient Local': DurabilityPolicy.TRANSIENT_LOCAL,
}
# Of the 3D panel; a text is drawn under this one name only (Lichtblick, Urdfs.ts).
FOXGLOVE_DRAWS = {*RVIZ_TYPES.values()} - {RVIZ_TYPES['RobotModel']}
FOXGLOVE_ARM = '/robot_description'
FOXGLOVE_PANELS = {'3D', 'DiagnosticStatusPanel', 'Plot', 'StateTransitions'}
# The part of the language of message paths that is used here (Lichtblick, grammar.ne).
MESSAGE_PATH = re.compile(r'(?P<topic>(?:/\w+)+)\.(?P<field>\w+)(?:\[(?P<index>\d+)\])?')
MADE_OF_FIELDS = ('position', 'velocity')  # of each joint, in PlotJuggler's curves


class Demo:
    """What the nodes of the demo publish, as seen from outside."""

    def __init__(self, peer: Peer, nodes: set[str]) -> None:
        self.types: dict[str, str] = {}
        self.figures: set[str] = set()
        self.hardware_id = ''
        reports = peer.listen(DiagnosticArray, '/diagnostics')

        def is_complete() -> bool:
            for status in (status for report in reports for status in report.status):
                if status.name == '/neural_ik':
                    self.figures |= {pair.key for pair in status.values}
                    self.hardware_id = status.hardware_id
            return 'solve p50 [ms]' in self.figures

        assert peer.spin_until(is_complete, 60.0)
        for node in nodes:
            published = peer.node.get_publisher_names_and_types_by_node(node, '/')
            self.types |= {name: types[0] for name, types in published}
        self.offered = {
            name: peer.node.get_publishers_info_by_topic(name)[0].qos_profile
            for name in self.types
        }


@pytest.fixture(scope='module')
def demo(tmp_path_factory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp('demo')
    processes = [
        NodeProcess(name, *arguments, log=folder / name) for name, arguments in DEMO.items()
    ]
    with Peer() as peer:
        yield Demo(peer, {'simulated_arm', 'target_source', 'path_markers', 'neural_ik'})
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


def rviz_displays() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the displays that show a topic, and their topics."""
    manager = yaml.safe_load((CONFIG / 'demo.rviz').read_text())['Visualization Manager']
    topics = [one.get('Topic') or one.get('Description Topic') for one in manager['Displays']]
    found = [pair for pair in zip(manager['Displays'], topics, strict=True) if pair[1]]
    assert len(found) == 6
    return found


def foxglove_layout() -> dict[str, Any]:
    return json.loads((CONFIG / 'foxglove_layout.json').read_text())


def classes_in(content: Any) -> Iterator[str]:
    """Yield every class that an RViz layout names."""
    if isinstance(content, dict):
        if content.get('Class'):
            yield content['Class']
        content = list(content.values())
    if isinstance(content, list):
        for value in content:
            yield from classes_in(value)


def is_offered(profile: QoSProfile, *, reliability: str, durability: str) -> bool:
    """Return whether a subscription that asks for this gets messages of the publisher."""
    wants_all = RVIZ_POLICIES[reliability] is ReliabilityPolicy.RELIABLE
    wants_old = RVIZ_POLICIES[durability] is DurabilityPolicy.TRANSIENT_LOCAL
    return (not wants_all or profile.reliability is ReliabilityPolicy.RELIABLE) and (
        not wants_old or profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    )


def test_rviz_shows_topics_of_the_demo_in_their_types(demo):
    for display, topic in rviz_displays():
        kind = display['Class'].rpartition('/')[2]
        assert demo.types.get(f'/{topic["Value"]}') == RVIZ_TYPES[kind], display['Name']


def test_rviz_asks_for_no_better_service_than_the_nodes_offer(demo):
    for display, topic in rviz_displays():
        reliability, durability = topic['Reliability Policy'], topic['Durability Policy']
        profile = demo.offered[f'/{topic["Value"]}']
        assert is_offered(profile, reliability=reliability, durability=durability), display['Name']
        assert topic['History Policy'] == 'Keep Last'


def test_rviz_gets_the_description_that_was_published_before_it_started():
    topics = {display['Name']: topic for display, topic in rviz_displays()}
    assert topics['Arm']['Durability Policy'] == 'Transient Local'


def test_rviz_knows_every_class_of_its_layout():
    layout = yaml.safe_load((CONFIG / 'demo.rviz').read_text())
    named = list(classes_in(layout))
    assert len(named) == 14
    assert set(named) == RVIZ_CLASSES


def test_frames_that_are_looked_from_are_the_base_of_the_arm():
    manager = yaml.safe_load((CONFIG / 'demo.rviz').read_text())['Visualization Manager']
    urdf = ElementTree.fromstring(read_urdf(shipped_urdf()))
    links = {link.get('name') for link in urdf.iter('link')}
    frames = {foxglove_layout()['configById']['3D!arm']['followTf']}
    frames.add(manager['Global Options']['Fixed Frame'])
    assert frames == {PathMarkersConfig().base_frame}
    assert frames <= links


def test_foxglove_shows_topics_of_the_demo(demo):
    layout = foxglove_layout()
    paths = {text for text in all_in(layout['configById']) if text.startswith('/')}
    topics = {path.partition('.')[0] for path in paths}
    assert topics - demo.types.keys() == {'/neural_ik'}, 'the name of a diagnostic status'
    assert len(topics) == 11
    fields = {re.sub(r'\[\d\]', '', path.partition('.')[2]) for path in paths}
    assert fields == {'', 'message', 'position', 'velocity'}


def test_foxglove_reads_numbers_and_texts_that_the_messages_have(demo):
    panels = foxglove_layout()['configById']
    paths = [path['value'] for panel in panels.values() for path in panel.get('paths', [])]
    assert len(paths) == 19
    for path in paths:
        found = MESSAGE_PATH.fullmatch(path)
        assert found, path
        package, _, kind = demo.types[found['topic']].split('/')
        message = getattr(importlib.import_module(f'{package}.msg'), kind)
        field = message.get_fields_and_field_types()[found['field']]
        if found['index'] is None:
            assert field == 'string', path
        else:
            assert field == 'sequence<double>', path
            assert int(found['index']) < N_JOINTS, path


def test_foxglove_draws_topics_in_types_that_its_3d_panel_knows(demo):
    topics = foxglove_layout()['configById']['3D!arm']['topics']
    assert len(topics) == 6
    assert FOXGLOVE_ARM in topics
    for topic in topics.keys() - {FOXGLOVE_ARM}:
        assert demo.types[topic] in FOXGLOVE_DRAWS, topic


def test_foxglove_selects_the_diagnostics_of_the_node(demo):
    panel = foxglove_layout()['configById']['DiagnosticStatusPanel!node']
    assert panel['selectedHardwareId'] == demo.hardware_id
    assert demo.types[panel['topicToRender']] == 'diagnostic_msgs/msg/DiagnosticArray'


def test_foxglove_knows_every_panel_of_its_layout():
    panels = foxglove_layout()['configById']
    assert {name.partition('!')[0] for name in panels} == FOXGLOVE_PANELS


def test_every_panel_of_foxglove_is_somewhere():
    layout = foxglove_layout()
    placed = {text for text in all_in(layout['layout']) if '!' in text}
    assert placed == layout['configById'].keys()


def test_plotjuggler_plots_fields_and_figures_of_the_demo(demo):
    root = ElementTree.parse(CONFIG / 'plotjuggler_layout.xml').getroot()
    selected = root.find('.//selected_topics').get('value').split(';')
    joint_topics = {
        topic for topic in selected if demo.types[topic] == 'sensor_msgs/msg/JointState'
    }
    curves = [curve.get('name') for curve in root.iter('curve')]
    assert demo.types['/diagnostics'] == 'diagnostic_msgs/msg/DiagnosticArray'
    assert '/diagnostics' in selected
    assert len(curves) == 30
    for curve in curves:
        if curve.startswith('/diagnostics/'):
            # As its parser names them: topic, hardware, name of the status, key.
            prefix = f'/diagnostics/{demo.hardware_id}//neural_ik/'
            assert curve.removeprefix(prefix) in demo.figures
        else:
            topic, joint, name = re.fullmatch(r'(.+)/(joint_[1-6])/(\w+)', curve).groups()
            assert topic in joint_topics, curve
            assert name in MADE_OF_FIELDS, joint


def test_documentation_refers_to_every_layout():
    text = (REPOSITORY / 'docs' / 'node.md').read_text(encoding='utf-8')
    for name in ('demo.rviz', 'foxglove_layout.json', 'plotjuggler_layout.xml'):
        assert f'(../config/{name})' in text
