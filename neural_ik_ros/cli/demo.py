# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik demo``: tracks a path over real DDS and writes a report with plots."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SOURCE_ROS, FileError, MissingLibraryError
from .common.argument_types import bounded_float

if TYPE_CHECKING:
    from ..interface.statistics import Percentiles
    from ..simulation.demo_report import DemoReport, ToolError

DRAWN = Path('drawn')  # instead of a file of hidden errors
PATHS = ('line', 'circle', 'lemniscate', 'iso_9283')  # simulation.paths.SHAPES loads numpy


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'demo',
        help='track a path with node, simulated arm and target source; write a report',
        description='Start the node, a simulated arm and a target source as processes, track a '
        'path, and check the result. Exit code 0 only if every answered target was solved '
        'within 1e-6 m and 1e-6 rad and no limit was broken.',
    )
    parser.add_argument(
        '--output', type=Path, default=Path('demo_report'), help='folder (default demo_report)'
    )
    parser.add_argument(
        '--path',
        choices=PATHS,
        default='lemniscate',
        help='shape (default lemniscate)',
    )
    parser.add_argument(
        '--duration', type=_seconds, default=20.0, metavar='S', help='tracking time (default 20 s)'
    )
    parser.add_argument(
        '--rate', type=_hertz, default=250.0, metavar='HZ', help='targets a second (default 250)'
    )
    parser.add_argument(
        '--specimen',
        nargs='?',
        type=Path,
        const=DRAWN,
        metavar='FILE',
        help='instead: measure, calibrate and drive an arm with hidden errors, those of a file '
        '(docs/calibration.md) or drawn ones; needs no ROS',
    )
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    return bounded_float(text, 3.0, 3600.0)


def _hertz(text: str) -> float:
    return bounded_float(text, 20.0, 1000.0)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.specimen is not None:
        from .measured_arm.demo_specimen import run_specimen

        file = None if arguments.specimen is DRAWN else arguments.specimen
        return run_specimen(_make_folder(arguments.output), arguments.path, file)
    try:
        from ..ros.processes.demo import DemoOptions, run_demo
        from ..ros.processes.demo_recording import recording_from_topics
        from ..simulation.demo_plots import save_plots
        from ..simulation.demo_report import make_report
    except ImportError as error:
        raise MissingLibraryError(error.name, SOURCE_ROS) from error
    from ..interface.factory import motion_limits
    from ..interface.node_config import NodeConfig
    from ..learning.bundle.storage import load_bundle

    options = DemoOptions(
        folder=_make_folder(arguments.output),
        path=arguments.path,
        duration_s=arguments.duration,
        rate_hz=arguments.rate,
    )
    record = run_demo(options, lambda line: print(line, flush=True))
    arm = load_bundle().arm
    recording = recording_from_topics(record.recorded)
    report = make_report(recording, motion_limits(arm, NodeConfig()))
    problems = [*report.problems, *record.failures]
    report_file = options.folder / 'report.json'
    content = json.dumps({**report.to_json(), 'problems': problems}, indent=2)
    report_file.write_text(content + '\n', encoding='utf-8')
    pictures = save_plots(recording, arm, options.folder)
    print(table(report))
    print('written:', ', '.join(str(path) for path in (report_file, *pictures)))
    print(result_text(report, problems))
    return 1 if problems else 0


def _make_folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(path, str(error.strerror), 'choose another --output') from error
    return path.resolve()


def result_text(report: DemoReport, problems: list[str]) -> str:
    """Return one line on the success of the demo, or a line for each problem."""
    if problems:
        return '\n'.join(f'PROBLEM: {problem}' for problem in problems)
    late = f' but {report.n_late} that came too late' if report.n_late else ''
    return f'every answered target solved{late}, no limit broken'


def table(report: DemoReport) -> str:
    """Return the report as a table for a terminal."""
    unanswered = report.n_targets - report.n_answered
    header = f'{"":34}{"p50":>12}{"p99":>12}{"max":>12}'
    return '\n'.join(
        [
            '',
            f'targets sent {report.n_targets}, answered {report.n_answered} '
            f'(replaced by newer ones before: {max(unanswered, 0)}), '
            f'solved {report.solved_percent:.3f} %, refused {report.refused or "none"}',
            f'trajectories {report.rate_hz:.1f} per second; '
            + ', '.join(f'{k} limit used {100.0 * v:.1f} %' for k, v in report.limit_use.items()),
            'refused by the simulated arm: '
            + ', '.join(f'{name} {n}' for name, n in report.violations.items()),
            '',
            header,
            *_error_rows('exact solution', report.solution),
            *_error_rows('commanded joints', report.command),
            *_error_rows('simulated arm, same moment', report.arm),
            *_error_rows('simulated arm, off the path', report.arm_path),
            _row('pose to trajectory [ms]', report.latency_ms, '.3f'),
            _row('  through an empty relay [ms]', report.relay_ms, '.3f'),
            f'{"  ratio to the relay":34}'
            f'{report.latency_ms.p50 / report.relay_ms.p50:>12.2f}'
            f'{report.latency_ms.p99 / report.relay_ms.p99:>12.2f}'
            f'{report.latency_ms.max / report.relay_ms.max:>12.2f}',
            '',
        ]
    )


def _error_rows(name: str, error: ToolError) -> list[str]:
    return [
        _row(f'{name} [m]', error.position_m, '.2e'),
        _row(f'{" " * len(name)} [rad]', error.rotation_rad, '.2e'),
    ]


def _row(name: str, values: Percentiles, form: str) -> str:
    figures = ''.join(
        f'{format(value, form):>12}' for value in (values.p50, values.p99, values.max)
    )
    return f'{name:34}{figures}'
