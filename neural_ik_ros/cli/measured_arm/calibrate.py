# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik calibrate``: from measured poses to the calibration file of one arm."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...calibration.fit.identify import Identification
    from ...kinematics import FloatArray


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'calibrate',
        help='identify the real geometry and joint errors of an arm from measured poses',
        description='Reads joint angles with measured tool poses, points or sockets, and writes '
        'the calibration file that --calibration and IkSolver.load take. docs/calibration.md '
        'says what to measure and how to judge the result. Exit code 1, and no file, if the '
        'measurements cannot be used.',
    )
    parser.add_argument(
        'measurements', type=Path, nargs='+', help='CSV files, one for each place of the sensor'
    )
    parser.add_argument(
        '--columns', type=Path, required=True, help='YAML file that names columns and units'
    )
    parser.add_argument('--urdf', type=Path, help='plain URDF of the arm (default: the IRB2400)')
    parser.add_argument('--base-frame', default='base_link', help='default %(default)s')
    parser.add_argument('--tool-frame', default='tool0', help='default %(default)s')
    parser.add_argument('--output', type=Path, required=True, help='calibration file to write')
    parser.add_argument(
        '--urdf-output', type=Path, help='write a URDF with the frames, without joint errors'
    )
    parser.add_argument('--report', type=Path, help='new folder for report and pictures')
    parser.add_argument('--no-plots', action='store_true', help='no pictures in the report')
    parser.add_argument(
        '--gravity',
        nargs=3,
        type=float,
        default=(0.0, 0.0, -1.0),
        metavar=('X', 'Y', 'Z'),
        help='its direction in the base (default 0 0 -1)',
    )
    parser.add_argument(
        '--in-order',
        action='store_true',
        help='rows are in the order of the moves: try the sign of the last move as well',
    )
    parser.add_argument('--temperature', type=float, help='of the arm or the air [deg C], noted')
    parser.add_argument('--load', type=float, help='at the flange [kg], noted')
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ...calibration.data.measurements import joined
    from ...calibration.data.table_file import load_format, read_table
    from ...calibration.fit.identify import N_MODELS, Options, identify
    from ...calibration.results.write_calibration import write_calibration
    from ...kinematics import arm_from_urdf, axis_alignments
    from ...urdf_file import read_urdf, shipped_urdf

    urdf = read_urdf(args.urdf or shipped_urdf())
    frames = {'base_frame': args.base_frame, 'tool_frame': args.tool_frame}
    nominal = arm_from_urdf(urdf, **frames)
    table = load_format(args.columns)
    measured = joined([read_table(path, table) for path in args.measurements])
    with tqdm(total=N_MODELS, desc='models tried', leave=False) as bar:
        options = Options(gravity=tuple(args.gravity), has_history=args.in_order, tick=bar.update)
        found = identify(nominal, measured, options)
    provenance = _provenance(args, urdf, found)
    write_calibration(args.output, found, axis_alignments(urdf, **frames), provenance)
    print(_summary(found))
    print(f'{args.output}: for --calibration, and calibration= of IkSolver.load')
    if args.urdf_output is not None:
        _write_urdf(args.urdf_output, urdf, found, axis_alignments(urdf, **frames))
    if args.report is not None:
        _write_report(args.report, found, provenance, has_plots=not args.no_plots)
    return 0


def _write_urdf(path: Path, urdf: str, found: Identification, alignments: FloatArray) -> None:
    from ...atomic_files import atomic_write
    from ...calibration.results.corrected_urdf import corrected_urdf
    from ...calibration.results.write_calibration import corrections_in_urdf_axes

    corrections = corrections_in_urdf_axes(found, alignments)
    text = corrected_urdf(urdf, found.arm.joint_names, corrections)
    with atomic_write(path) as partial:
        partial.write_text(text, encoding='utf-8')
    print(f'{path}: URDF with the measured frames; joint maps and sag are not in it')


def _provenance(
    args: argparse.Namespace, urdf: str, found: Identification
) -> dict[str, str | float | int]:
    from ...provenance import versions

    data = hashlib.sha256()
    for path in args.measurements:
        data.update(path.read_bytes())
    noted: dict[str, str | float | int] = {
        'urdf_sha256': hashlib.sha256(urdf.encode()).hexdigest(),
        'data': ', '.join(path.name for path in args.measurements),
        'data_sha256': data.hexdigest(),
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
        'n_rows': len(found.measured),
        'kind': found.measured.kind,
        'neural_ik_ros': versions([])['neural_ik_ros'],
    }
    for key, value in (('temperature_c', args.temperature), ('load_kg', args.load)):
        if value is not None:
            noted[key] = float(value)
    return noted | _residuals(found)


def _residuals(found: Identification) -> dict[str, str | float | int]:
    from ...calibration.results.report import FULL, held_out

    errors = held_out(found)[FULL]
    noted: dict[str, str | float | int] = {
        'held_out_mean_mm': 1e3 * errors.mean,
        'held_out_p95_mm': 1e3 * errors.p95,
    }
    if found.measured.kind == 'poses':
        noted['held_out_mean_mrad'] = 1e3 * errors.mean_rotation
    return noted


def _summary(found: Identification) -> str:
    from ...calibration.results.report import held_out

    lines = [f'{len(found.measured)} rows, rank {found.observability.rank}; held out at random:']
    for name, one in held_out(found).items():
        lines.append(
            f'  {name:13} {1e3 * one.mean:.3f} mm mean, {1e3 * one.p95:.3f} mm 95 %, '
            f'{1e3 * one.max:.3f} mm max'
        )
    lines.append(f'  chosen: {", ".join(found.choice.parts)}')
    if len(found.outliers):
        lines.append(f'  do not fit: {found.measured.names(found.outliers)}')
    return '\n'.join(lines)


def _write_report(
    folder: Path,
    found: Identification,
    provenance: Mapping[str, str | float | int],
    *,
    has_plots: bool,
) -> None:
    from ...calibration.results.report import report_data, report_page

    folder.mkdir(parents=True, exist_ok=True)
    data = report_data(found, provenance)
    (folder / 'report.json').write_text(json.dumps(data, indent=2) + '\n', encoding='utf-8')
    (folder / 'report.md').write_text(report_page(found, data), encoding='utf-8')
    if has_plots:
        from ...calibration.results.plots import write_pictures

        write_pictures(folder, found)
    print(f'{folder}: report.md, report.json' + (' and pictures' if has_plots else ''))
