# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik replay``: solve recorded targets again, offline; compare with a baseline."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, MissingLibraryError
from ..urdf_file import read_urdf

if TYPE_CHECKING:
    from ..interface.node_config import NodeConfig
    from ..replay.bag_types import Topics
    from ..replay.offline_replay import Replay

NODE = '/neural_ik'
NODE_NAME = re.compile(r'(/[A-Za-z_][A-Za-z0-9_]*)+')
ALWAYS_NEEDED = ('ai_edge_litert', 'numba', 'numpy', 'ruckig')  # with bags and without
LIVE = 'live'  # folder of the bag with the responses of the node


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'replay',
        help='solve the targets of a bag again, offline; compare with a baseline',
        description='Put the targets and joint states of a rosbag2 bag (mcap, sqlite3) through '
        'the logic of the node, on the clock of the bag and as fast as possible. Writes a bag, '
        'report.json, times.json and plots; needs no ROS. With --baseline, exit code 1 and '
        'a table if a value of the report changed.',
    )
    parser.add_argument('bag', type=Path, metavar='BAG', help='folder or file of the bag')
    parser.add_argument(
        '--output', type=Path, default=Path('replay_report'), help='folder (default replay_report)'
    )
    add_node_arguments(parser)
    for option, what in (
        ('--target-topic', 'targets (default NODE/target_pose)'),
        ('--joint-states-topic', 'joint states (default joint_states beside the node)'),
        ('--commands-topic', 'recorded commands, if there are any'),
    ):
        parser.add_argument(option, metavar='TOPIC', help=f'topic of the {what}')
    parser.add_argument(
        '--live',
        action='store_true',
        help='play the bag into a real node as well and compare its responses (needs ROS)',
    )
    parser.add_argument(
        '--responses',
        type=Path,
        metavar='BAG',
        help='compare with the solutions and commands in another bag, recorded on the same clock',
    )
    parser.add_argument(
        '--late-responses',
        action='store_true',
        help='count responses that are missing at the start, before a recorder had discovered '
        'the node, instead of failing',
    )
    parser.add_argument(
        '--robot-description',
        type=Path,
        metavar='URDF',
        help='the robot_description that the node received (default: none)',
    )
    parser.add_argument('--answers', dest='renamed', help=argparse.SUPPRESS)
    parser.add_argument(
        '--baseline', type=Path, metavar='REPORT', help='report.json of an earlier replay'
    )
    parser.add_argument(
        '--tolerance',
        action='append',
        default=[],
        metavar='NAME=SHARE',
        help='by which share of the baseline a value may change, or any; * in NAME stands for '
        'anything; may be repeated',
    )
    parser.add_argument('--no-plots', action='store_true', help='write no plots')
    parser.set_defaults(run=_run)


def add_node_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the node and its parameters."""
    parser.add_argument(
        '--params-file', type=Path, metavar='YAML', help='parameter file of the node'
    )
    parser.add_argument(
        '--node', default=NODE, type=_node, help=f'fully qualified name (default {NODE})'
    )
    parser.add_argument(
        '--prefix', default='', help='of joint and frame names, as the parameter of the node'
    )


def node_config(arguments: argparse.Namespace) -> NodeConfig:
    """
    Return the configuration given by the arguments of ``add_node_arguments``.

    :raises ConfigError: If the parameter file cannot be used.
    """
    from ..interface.params_file import config_from_file

    config = config_from_file(arguments.params_file, arguments.node)
    return replace(config, prefix=arguments.prefix) if arguments.prefix else config


def _node(text: str) -> str:
    if not NODE_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f'{text} is not a name such as /left/neural_ik')
    return text


def _run(arguments: argparse.Namespace) -> int:
    try:
        from ..replay import regression
        from ..replay.offline_replay import REPORT, ReplayOptions, run_replay
        from ..replay.output_folder import output_folder
    except ImportError as error:
        raise not_installed(error) from error
    if arguments.renamed is not None:
        raise ConfigError('--answers', 'is now called --responses', 'use the new name')
    if arguments.live and arguments.responses is not None:
        problem = 'records the responses itself'
        raise ConfigError('--live', problem, 'use either --live or --responses')
    given = arguments.robot_description
    if arguments.live and given is not None:
        problem = 'is for offline replays; the node of --live receives none'
        raise ConfigError('--robot-description', problem, 'use one of the two')
    tolerances = regression.tolerances_from_texts(arguments.tolerance)
    baseline = None if arguments.baseline is None else regression.load_baseline(arguments.baseline)
    config = node_config(arguments)
    options = ReplayOptions(
        bag=arguments.bag,
        node=arguments.node,
        topics=_topics(arguments),
        config=config,
        network=_network(config),
        robot_description='' if given is None else read_urdf(given),
        responses=arguments.responses,
        may_start_late=arguments.late_responses,
    )
    with (
        output_folder(arguments.output, marker_file=REPORT) as folder,
        progress('messages') as begin,
    ):
        if arguments.live:
            options = replace(options, responses=_play_live(arguments, options.topics, folder))
        replay = run_replay(options, folder, begin)
        if not arguments.no_plots:
            _save_plots(replay, folder)
    print(summary(replay))
    print('written:', arguments.output)
    is_same = options.responses is None or _is_same(replay, options.responses.name)
    if baseline is None:
        return 0 if is_same else 1
    found = regression.changes(baseline, regression.flat(replay.report), tolerances)
    if found:
        changed = f'{len(found)} values changed against {arguments.baseline}'
        print(f'\n{regression.table(found)}\n\n{changed}')
        return 1
    print(f'all {len(baseline)} values as in {arguments.baseline}')
    return 0 if is_same else 1


def _play_live(arguments: argparse.Namespace, topics: Topics, folder: Path) -> Path:
    """Return the bag with the responses of a real node."""
    from ..ros.processes.live_replay import LiveOptions, play_live

    options = LiveOptions(
        bag=arguments.bag,
        node=arguments.node,
        topics=topics,
        params_file=arguments.params_file,
        prefix=arguments.prefix,
    )
    responses = folder / LIVE
    folder.mkdir()
    play_live(options, responses, lambda line: print(line, file=sys.stderr))
    return responses


def _is_same(replay: Replay, name: str) -> bool:
    """Return whether recorded solutions are those of the replay, and print it."""
    from ..replay.recorded_comparison import describe_agreement, describe_difference

    values = replay.report['recorded_solutions']
    problem = describe_difference(values)
    if problem:
        print(f'the solutions in {name} are not those of the replay: {problem}')
    else:
        print(describe_agreement(values, name))
    return not problem


def not_installed(error: ImportError) -> MissingLibraryError:
    """Return the error for a library that is missing, for bags or at all."""
    if isinstance(error, ModuleNotFoundError) and str(error.name).startswith(ALWAYS_NEEDED):
        return MissingLibraryError.of(error)
    return MissingLibraryError(error.name, 'pip install rosbags, or neural_ik_ros[replay]')


def progress(unit: str) -> Any:
    """
    Return a context manager with a progress bar, shown in a terminal only.

    It gives a function to be called with the total, which returns a function to be called with the
    number done since its last call.
    """
    import contextlib

    from tqdm import tqdm

    @contextlib.contextmanager
    def shown() -> Any:
        with contextlib.ExitStack() as stack:

            def begin(total: int) -> Any:
                is_hidden = not sys.stderr.isatty()
                bar = tqdm(total=total, unit=f' {unit}', unit_scale=True, disable=is_hidden)
                return stack.enter_context(bar).update

            yield begin

    return shown()


def _topics(arguments: argparse.Namespace) -> Topics:
    from ..replay.bag_types import Topics

    given = {
        'target': arguments.target_topic,
        'joint_states': arguments.joint_states_topic,
        'commands': arguments.commands_topic,
    }
    topics = {name: topic for name, topic in given.items() if topic is not None}
    return replace(Topics.of_node(arguments.node), **topics)


def _network(config: NodeConfig) -> dict[str, str]:
    """Return name and hash of the network."""
    from ..learning.bundle.card import MODEL
    from ..learning.bundle.storage import load_bundle

    bundle = load_bundle(Path(config.bundle) if config.bundle else None)
    return {'name': bundle.card.name, 'sha256': bundle.card.files[MODEL].sha256}


def _save_plots(replay: Replay, folder: Path) -> None:
    try:
        from ..replay.plots import save_plots
    except ImportError as error:
        print(f'no plots: {error.name} is not installed', file=sys.stderr)
        return
    save_plots(replay.timeline, replay.tracker.solver.arm, folder)


def summary(replay: Replay) -> str:
    """Return the most important values."""
    report, times = replay.report, replay.times
    targets, recorded = report['targets'], report['recorded_commands']
    refused = {s: n for s, n in targets['by_status'].items() if not s.startswith('SOLVED')}
    lines = [
        f'targets {targets["answered"]}, solved {targets["solved_percent"]:.3f} %, '
        f'refused {refused or "none"}, faults {report["faults"] or "none"}',
        f'solutions off by at most {report["solution_error_m"]["max"]:.2e} m and '
        f'{report["solution_error_rad"]["max"]:.2e} rad; '
        f'{report["iterations"]["mean"]:.2f} iterations from seeds '
        f'{report["seed_error_rad"]["p50"]:.2e} rad away (median)',
        f'commands {report["commands"]["sent"]}, {report["commands"]["limited"]} kept from their '
        f'target by motion limits, largest joint step {report["joint_step_rad"]["max"]:.4f} rad',
    ]
    if recorded['compared']:
        lines.append(
            f'{recorded["compared"]} commands of the bag differ by at most '
            f'{recorded["difference_rad"]["max"]:.2e} rad'
        )
    lines.append(
        f'{times["duration_s"]:.1f} s, {times["messages_per_s"]:.0f} messages a second, '
        f'{times["times_as_fast_as_recorded"]:.0f} times as fast as recorded'
    )
    return '\n'.join(lines)
