# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is drawn of an arm: the solids of its URDF where they can be used, tubes elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from strategies import URDF_FILE

from neural_ik_ros.kinematics import arm_from_urdf, joint_positions

pytestmark = pytest.mark.usefixtures('viser')
RED = '<material name="m"><color rgba="1 0 0 1"/></material>'
TURNED = '<origin xyz="0 0 0.5" rpy="0 1.5707963267948966 0"/>'
SHIPPED = URDF_FILE.read_text()
BARE = re.sub(r'<(visual|collision)>.*?</\1>', '', SHIPPED, flags=re.DOTALL)


def shapes_of(text: str, folder: Path = Path()) -> Any:
    from neural_ik_ros.view.shapes import arm_shapes

    return arm_shapes(text, arm_from_urdf(text), folder)


def with_visual(geometry: str, *, kind: str = 'visual', rest: str = '') -> str:
    """Return a URDF of which only link_2 has a solid."""
    solid = f'<{kind}>{rest}<geometry>{geometry}</geometry></{kind}>'
    return re.sub(r'<link name="link_2"\s*/?>', f'<link name="link_2">{solid}', BARE, count=1)


def extent(shape: Any) -> list[float]:
    return np.ptp(shape.vertices, axis=0).tolist()


def test_bare_urdf_is_still_a_urdf():
    assert '<visual>' not in BARE
    assert '<link name="link_2">' in BARE
    assert arm_from_urdf(BARE).joint_names == arm_from_urdf(SHIPPED).joint_names


def test_shipped_arm_has_its_colours_and_a_solid_for_each_link():
    groups = shapes_of(SHIPPED)
    assert [len(group) for group in groups] == [1] * 7
    assert groups[1][0].colour == (242, 107, 26)


@pytest.mark.parametrize(
    ('geometry', 'size'),
    [
        ('<box size="1 2 3"/>', [1.0, 2.0, 3.0]),
        ('<cylinder radius="0.5" length="2"/>', [1.0, 1.0, 2.0]),
        ('<sphere radius="0.5"/>', [1.0, 1.0, 1.0]),
    ],
)
@pytest.mark.parametrize('kind', ['visual', 'collision'])
def test_primitives_are_drawn_in_their_place(geometry, size, kind):
    plain = shapes_of(with_visual(geometry, kind=kind))[2][0]
    turned = shapes_of(with_visual(geometry, kind=kind, rest=TURNED + RED))[2][0]
    assert turned.colour == (255, 0, 0)
    # link_2 turns about y, which is z of the joint frame: axes are exchanged, sizes are not.
    assert_allclose(sorted(extent(plain)), sorted(size), atol=0.02)
    assert_allclose(sorted(extent(turned)), sorted(size), atol=0.02)
    shift = turned.vertices.mean(axis=0) - plain.vertices.mean(axis=0)
    assert np.linalg.norm(shift) == pytest.approx(0.5, abs=1e-3)


def test_drawn_joints_are_where_forward_kinematics_has_them(arm):
    from neural_ik_ros.view.scene import joint_frames

    q = np.random.default_rng(1).uniform(arm.lower, arm.upper, (20, 6))
    rotations, positions = joint_frames(arm, q)
    expected = np.array([joint_positions(arm, one)[1:7] for one in q])
    assert_allclose(positions, expected, atol=1e-12)
    assert_allclose(rotations @ rotations.swapaxes(-1, -2), np.tile(np.eye(3), (20, 6, 1, 1)),
                    atol=1e-12)  # fmt: skip


def test_solids_are_where_the_urdf_has_them_when_the_arm_turns(arm):
    """At zero the frames of the shipped URDF's links are parallel to its base."""
    from neural_ik_ros.view.scene import joint_frames

    in_link = np.array([0.0, 0.1, 0.3525])  # middle of the visual of link_2, which turns about y
    shape = shapes_of(SHIPPED)[2][0]
    middle = 0.5 * (shape.vertices.min(axis=0) + shape.vertices.max(axis=0))
    angle = 0.5
    about_y = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    for q2, turn in ((0.0, np.eye(3)), (angle, about_y)):
        rotations, positions = joint_frames(arm, np.array([[0.0, q2, 0.0, 0.0, 0.0, 0.0]]))
        drawn = positions[0, 1] + rotations[0, 1] @ middle
        assert_allclose(drawn, positions[0, 1] + turn @ in_link, atol=1e-9)


def test_links_without_a_solid_become_tubes_to_the_next_joint():
    arm = arm_from_urdf(BARE)
    for index, group in enumerate(shapes_of(BARE)):
        points = np.concatenate([shape.vertices for shape in group])
        end = arm.translations[index]
        length = float(np.linalg.norm(end))
        reached = (points @ (end / length)).max() if length else 0.0
        assert reached >= length - 1e-6


@pytest.mark.parametrize('suffix', ['.stl', '.obj', '.ply', '.glb', '.dae'])
def test_mesh_files_are_read_with_their_scale(tmp_path, suffix):
    import trimesh

    folder = tmp_path / 'my_description'
    (folder / 'meshes').mkdir(parents=True)
    (folder / 'urdf').mkdir()
    mesh = trimesh.creation.box([1.0, 2.0, 3.0])
    mesh.export(folder / 'meshes' / f'link{suffix}')
    for name in ('package://my_description/meshes/', '../meshes/', f'file://{folder}/meshes/'):
        geometry = f'<mesh filename="{name}link{suffix}" scale="0.1 0.1 0.1"/>'
        (shape,) = shapes_of(with_visual(geometry), folder / 'urdf')[2]
        assert_allclose(sorted(extent(shape)), [0.1, 0.2, 0.3], atol=1e-6)


@pytest.mark.parametrize('prefix', ['AMENT_PREFIX_PATH', 'ROS_PACKAGE_PATH'])
def test_packages_of_sourced_workspaces_are_found(tmp_path, monkeypatch, prefix):
    from neural_ik_ros.view.mesh_files import find_mesh

    share = tmp_path / 'share' if prefix == 'AMENT_PREFIX_PATH' else tmp_path
    (share / 'pkg').mkdir(parents=True)
    (share / 'pkg' / 'a b.stl').touch()
    assert find_mesh('package://pkg/a%20b.stl', Path('/nowhere')) is None
    monkeypatch.setenv(prefix, f'/elsewhere:{tmp_path}')
    assert find_mesh('package://pkg/a%20b.stl', Path('/nowhere')) == share / 'pkg' / 'a b.stl'


@pytest.mark.parametrize(
    ('filename', 'content'),
    [
        ('missing.stl', None),
        ('http://example.com/a.stl', None),
        ('empty.stl', b''),
        ('noise.stl', bytes(range(256)) * 3),
        ('noise.dae', b'<COLLADA'),
        ('noise.glb', b'glTF' + b'\xff' * 40),
        ('points.ply', b'ply\nformat ascii 1.0\nelement vertex 0\nend_header\n'),
        ('shape.sldprt', b'x'),
    ],
)
def test_unusable_mesh_is_told_once_and_replaced(tmp_path, records_of, filename, content):
    if content is not None:
        (tmp_path / filename).write_bytes(content)
    records = records_of('neural_ik_ros.view.shapes')
    group = shapes_of(with_visual(f'<mesh filename="{filename}"/>'), tmp_path)[2]
    assert len(group) >= 1
    assert len(records) == 1
    assert filename in records[0].getMessage()
    assert 'a plain shape is drawn instead' in records[0].getMessage()


def test_merged_is_one_solid_and_light():
    import trimesh

    from neural_ik_ros.view.appearance import GREY
    from neural_ik_ros.view.shapes import Shape, merged

    spheres = tuple(
        Shape(vertices=ball.vertices + np.array([x, 0.0, 0.0]), faces=ball.faces, colour=GREY)
        for x in (0.0, 5.0)
        for ball in [trimesh.creation.icosphere(subdivisions=2)]
    )
    one = merged(spheres, 10_000)
    assert len(one.faces) == sum(len(shape.faces) for shape in spheres)
    assert_allclose(extent(one), [7.0, 2.0, 2.0], atol=0.05)
    assert len(merged(spheres, 10).faces) <= len(one.faces)
