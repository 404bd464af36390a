# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik demo --specimen``: measure an arm with hidden errors, calibrate it, drive again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import MissingLibraryError

if TYPE_CHECKING:
    from ...calibration.data.measurements import Measurements
    from ...calibration.fit.geometry_fit import GeometryFit
    from ...calibration.fit.identify import Identification
    from ...kinematics import Arm, FloatArray, Joints, Transform
    from ...simulation.specimen import Specimen

N_MEASURED, N_ELSEWHERE = 300, 500  # poses
PERIOD_S = 0.01  # of the targets on the path
COLUMNS = """\
joints: {columns: [q1, q2, q3, q4, q5, q6], unit: rad}
position: {columns: [x, y, z], unit: m}
orientation: {columns: [qx, qy, qz, qw], convention: quat_xyzw}
"""


def run_specimen(folder: Path, path_shape: str, file: Path | None) -> int:
    """
    Measure, calibrate and drive a specimen; write everything to a folder, and print a table.

    :param file: What its hidden errors are; None for drawn ones.
    :raises NeuralIkError: If the file, or a measurement, cannot be used.
    """
    import numpy as np

    try:
        from ...simulation.specimen_plots import save_error_plot
    except ImportError as error:
        raise MissingLibraryError(error.name, 'pip install neural_ik_ros[plots]') from error
    from ...calibration.fit.geometry_fit import fit_geometry, fit_setup
    from ...calibration.fit.identify import Options, identify
    from ...calibration.results.write_calibration import write_calibration
    from ...kinematics import arm_from_urdf, axis_alignments, random_joints
    from ...simulation.specimen import make_specimen
    from ...urdf_file import read_urdf, shipped_urdf

    urdf = read_urdf(shipped_urdf())
    nominal = arm_from_urdf(urdf)
    specimen = make_specimen(nominal, urdf, file)
    print(f'measuring {N_MEASURED} planned poses of an IRB2400 with hidden errors', flush=True)
    csv = _measure(specimen, nominal, folder)
    measured = _read(folder, csv)
    print('calibrating', flush=True)
    found = identify(nominal, measured, Options(has_history=True))
    write_calibration(folder / 'arm.yaml', found, axis_alignments(urdf), {'data': csv.name})
    before = fit_setup(nominal, measured)
    models = {
        'nominal arm': before,
        'geometry': fit_geometry(nominal, measured, before),
        'full model': _as_fit(found),
        'its own errors known': _known(specimen),
    }
    print(f'driving a {path_shape} with each model, and {N_ELSEWHERE} poses all over', flush=True)
    times, targets, start = _path(path_shape)
    others = random_joints(nominal, np.random.default_rng(7), N_ELSEWHERE)
    on_path = {name: _errors(specimen, fit, targets, start) for name, fit in models.items()}
    elsewhere = {name: _errors_at(specimen, fit, others) for name, fit in models.items()}
    _write(folder, specimen, found, on_path, elsewhere)
    save_error_plot(times, on_path, elsewhere, folder / 'specimen.png')
    print(_table(on_path, elsewhere))
    print(f'written: {folder}: specimen.png, specimen.json, arm.yaml, measured.csv, columns.yaml')
    print(
        f'the same by hand: neural_ik calibrate {csv} --columns {folder / "columns.yaml"} '
        '--in-order --output my_arm.yaml'
    )
    return 0


def _measure(specimen: Specimen, nominal: Arm, folder: Path) -> Path:
    """Write what the sensor sees at planned poses, and which column is what."""
    import numpy as np

    from ...calibration.fit.geometry_fit import Noise
    from ...calibration.results.planning import Conditions, plan_measurement
    from ...kinematics import quat_from_rotation

    noise = Noise(
        position=max(specimen.config.position_noise, 1e-6),
        rotation=max(specimen.config.rotation_noise, 1e-6),
    )
    rng = np.random.default_rng(0)
    q = plan_measurement(nominal, N_MEASURED, rng, Conditions(), noise).q
    poses = specimen.measured(q)
    quats = np.array([quat_from_rotation(one) for one in poses[:, :3, :3]])
    (folder / 'columns.yaml').write_text(COLUMNS, encoding='utf-8')
    file = folder / 'measured.csv'
    header = 'q1,q2,q3,q4,q5,q6,x,y,z,qx,qy,qz,qw'
    table = np.hstack([q, poses[:, :3, 3], quats])
    np.savetxt(file, table, fmt='%.9f', delimiter=',', comments='', header=header)
    return file


def _read(folder: Path, csv: Path) -> Measurements:
    from ...calibration.data.table_file import load_format, read_table

    return read_table(csv, load_format(folder / 'columns.yaml'))


def _as_fit(found: Identification) -> GeometryFit:
    from ...calibration.fit.geometry_fit import GeometryFit, estimate_noise

    return GeometryFit(arm=found.arm, setup=found.setup, noise=estimate_noise(found.residuals))


def _known(specimen: Specimen) -> GeometryFit:
    """Return the specimen as it is: what no calibration can beat, its backlash left."""
    from ...calibration.fit.geometry_fit import GeometryFit, Noise
    from ...calibration.fit.model import Setup
    from ...kinematics import transform_from_xyz_rpy

    base, body = (
        transform_from_xyz_rpy(one[:3], one[3:])[None]
        for one in (specimen.config.sensor, specimen.config.body)
    )
    noise = Noise(position=1.0, rotation=1.0)
    return GeometryFit(arm=specimen.arm, setup=Setup(base=base, tool=body), noise=noise)


def _path(shape: str) -> tuple[FloatArray, Transform, Joints]:
    """Return times (n,) [s] and targets (n, 4, 4) of a path, and joints (6,) near its start."""
    import numpy as np

    from ...simulation.paths import CartesianPath, PathConfig
    from ...simulation.simulated_controller import START_JOINTS

    path = CartesianPath(PathConfig(shape=shape))
    times = np.arange(0.0, path.duration, PERIOD_S)
    return times, path.transform(times), np.array(START_JOINTS)


def _errors(specimen: Specimen, fit: GeometryFit, targets: Transform, start: Joints) -> FloatArray:
    """Return the true errors (n,) [m] of the tool along targets, for the answers of a fit."""
    import numpy as np

    from ...errors import DataError
    from ...solver import CurrentJoints, IkSolver

    solver = IkSolver(fit.arm, CurrentJoints())
    q, commands = start, np.empty((len(targets), 6))
    for row, target in enumerate(targets):
        solution = solver.solve(target, q)
        if not solution.status.is_solved:
            raise DataError('path', solution.reason, 'choose another --path')
        commands[row] = q = solution.q
    return _distances(specimen, fit, commands, targets)


def _errors_at(specimen: Specimen, fit: GeometryFit, q: Joints) -> FloatArray:
    """Return the true errors (n,) [m] where the fit says that the tool is, for joints (n, 6)."""
    from ...kinematics import forward

    return _distances(specimen, fit, q, forward(fit.arm, q))


def _distances(
    specimen: Specimen, fit: GeometryFit, commands: Joints, targets: Transform
) -> FloatArray:
    """Return distances (n,) [m] of the measured body from where it should be, in the sensor."""
    import numpy as np

    wanted = fit.setup.base[0] @ targets @ fit.setup.tool[0]
    true = specimen.tools(commands)
    distances: FloatArray = np.linalg.norm(true[:, :3, 3] - wanted[:, :3, 3], axis=1)
    return distances


def _write(
    folder: Path,
    specimen: Specimen,
    found: Identification,
    on_path: dict[str, FloatArray],
    elsewhere: dict[str, FloatArray],
) -> None:
    content = {
        'specimen': asdict(specimen.config),
        'chosen': list(found.choice.parts),
        'path_mm': {name: _figures(errors) for name, errors in on_path.items()},
        'all_over_mm': {name: _figures(errors) for name, errors in elsewhere.items()},
    }
    text = json.dumps(content, indent=2) + '\n'
    (folder / 'specimen.json').write_text(text, encoding='utf-8')


def _figures(errors: FloatArray) -> dict[str, float]:
    import numpy as np

    return {
        'mean': 1e3 * float(errors.mean()),
        'p95': 1e3 * float(np.percentile(errors, 95)),
        'max': 1e3 * float(errors.max()),
    }


def _table(on_path: dict[str, FloatArray], elsewhere: dict[str, FloatArray]) -> str:
    """Return the true errors of the tool as a table for a terminal."""
    lines = [
        '\ntrue error of the tool [mm]         on the path                all over',
        f'{"solved for":22}' + 2 * f'{"mean":>9}{"95 %":>9}{"max":>9}',
    ]
    for name, errors in on_path.items():
        both = (_figures(errors), _figures(elsewhere[name]))
        numbers = ''.join(f'{value:9.3f}' for one in both for value in one.values())
        lines.append(f'{name:22}{numbers}')
    return '\n'.join(lines) + '\n'
