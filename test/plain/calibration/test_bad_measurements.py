# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bad measurements are found and named; no file is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from measured_specimen import COLUMNS, measured, random_q, write_csv
from strategies import shipped_arm

from neural_ik_ros.calibration.data.measurements import Measurements
from neural_ik_ros.calibration.fit.identify import identify
from neural_ik_ros.cli.main import main
from neural_ik_ros.errors import DataError

N_ROWS = 80


def good() -> Measurements:
    return measured(random_q(N_ROWS))


def still(joint: int) -> Measurements:
    q = random_q(N_ROWS)
    q[:, joint] = 0.3
    return measured(q)


def one_posture() -> Measurements:
    rng = np.random.default_rng(0)
    q = np.array([0.3, 0.4, 0.2, 0.5, 0.8, 0.6])
    return measured(q + rng.uniform(-0.012, 0.012, (N_ROWS, 6)))


def swapped(a: int, b: int) -> Measurements:
    rows, order = good(), list(range(6))
    order[a], order[b] = b, a
    return replace(rows, q=rows.q[:, order])


def copied() -> Measurements:
    rows = good()
    return rows.take(np.concatenate([np.arange(N_ROWS), [3, 7]]))


def with_nan() -> Measurements:
    rows = good()
    assert rows.positions is not None
    rows.positions[5, 1] = np.nan
    return rows


def with_outliers(n: int) -> Measurements:
    rows = good()
    assert rows.positions is not None
    rows.positions[:n] += np.random.default_rng(0).uniform(0.03, 0.1, (n, 3))
    return rows


def other_arm() -> Measurements:
    arm = shipped_arm()
    longer = replace(arm, translations=arm.translations * 1.4)
    return measured(random_q(N_ROWS), arm=longer)


def sister_arm() -> Measurements:
    """An arm with one link 12 mm longer, near enough to be fitted."""
    arm = shipped_arm()
    translations = arm.translations.copy()
    translations[2, 0] += 0.012
    return measured(random_q(N_ROWS), arm=replace(arm, translations=translations))


def scaled(**factors: float) -> Measurements:
    rows = good()
    return replace(rows, **{name: getattr(rows, name) * f for name, f in factors.items()})


def minus(joint: int) -> Measurements:
    signs = np.ones(6)
    signs[joint] = -1.0
    rows = good()
    return replace(rows, q=rows.q * signs)


REFUSED: dict[str, tuple[Callable[[], Measurements], str]] = {
    'too few rows': (lambda: measured(random_q(12)), '12 rows; measure at least 20'),
    'one posture': (one_posture, 'too much alike|never moves'),
    'joint 1 still': (lambda: still(0), 'joint 1 never moves'),
    'joint 6 still': (lambda: still(5), 'joint 6 never moves'),
    'degrees, large': (lambda: scaled(q=180.0 / np.pi), 'give the unit of the joints as deg'),
    'radians as degrees': (lambda: scaled(q=np.pi / 180.0), 'joints in radians|alike|moves'),
    'millimetres, large': (lambda: scaled(positions=1000.0), 'the unit of the position as mm'),
    'metres as millimetres': (lambda: scaled(positions=1e-3), 'fits with positions in m'),
    'joints 2 and 3 swapped': (lambda: swapped(1, 2), 'columns of joints 2 and 3 swapped'),
    'joints 1 and 4 swapped': (lambda: swapped(0, 3), 'columns of joints 1 and 4 swapped'),
    'sign of joint 3': (lambda: minus(2), 'the sign of joint 3 reversed'),
    'copied rows': (copied, 'rows 5, 9: the same joints'),
    'not a number': (with_nan, 'rows 7: not a number'),
    'many outliers': (lambda: with_outliers(12), '12 of 80 rows contradict.*rows 2, 3, 4'),
    'a sister arm': (sister_arm, 'of another arm'),
    'another arm': (other_arm, 'no other unit or convention fits'),
}


@pytest.mark.parametrize(('make', 'words'), REFUSED.values(), ids=REFUSED)
def test_identify_refuses_and_names_the_cause(make, words):
    with pytest.raises(DataError, match=words):
        identify(shipped_arm(), make())


@dataclass(frozen=True)
class Written:
    """How orientations are written, and how they are read by mistake."""

    true: str
    mistaken: str


CONVENTIONS = [
    Written('xyz', 'XYZ'),
    Written('XYZ', 'xyz'),
    Written('ZYX', 'ZYZ'),
    Written('rotation_vector', 'xyz'),
    Written('quat_wxyz', 'quat_xyzw'),
]


@pytest.mark.parametrize('case', CONVENTIONS, ids=lambda case: f'{case.true} as {case.mistaken}')
def test_a_mistaken_convention_is_named(case):
    from neural_ik_ros.calibration.data.rotations import rotations_from

    rows = good()
    assert rows.rotations is not None
    numbers = orientation_numbers(rows.rotations, case.true)
    np.testing.assert_allclose(rotations_from(numbers, case.true), rows.rotations, atol=1e-9)
    misread = replace(
        rows,
        rotations=rotations_from(numbers, case.mistaken),
        orientation=numbers,
        convention=case.mistaken,
    )
    with pytest.raises(DataError) as refusal:
        identify(shipped_arm(), misread)
    assert f'read as {case.true}' in str(refusal.value)


def orientation_numbers(rotations, convention):
    """Numbers of rotations by SciPy, which shares no code with the package."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_matrix(rotations)
    if convention == 'rotation_vector':
        return turns.as_rotvec()
    if convention == 'quat_wxyz':
        return turns.as_quat()[:, [3, 0, 1, 2]]
    return turns.as_euler(convention)


def test_calibrate_writes_no_file_and_exits_1(tmp_path, capsys):
    columns = tmp_path / 'columns.yaml'
    columns.write_text(COLUMNS)
    data = write_csv(tmp_path / 'bad.csv', swapped(1, 2))
    output = tmp_path / 'arm.yaml'
    arguments = ['calibrate', str(data), '--columns', str(columns), '--output', str(output)]
    assert main([*arguments, '--report', str(tmp_path / 'report')]) == 1
    assert 'joints 2 and 3 swapped' in capsys.readouterr().err
    assert not output.exists()
    assert not (tmp_path / 'report').exists()


def test_a_single_outlier_is_no_reason_to_refuse():
    found = identify(shipped_arm(), with_outliers(1))
    assert found.outliers.tolist() == [0]
