# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
``make latency``: from a pose to its trajectory over DDS, beside what the machine itself takes.

The node, an empty relay and a node that only converts messages take turns to answer the same
stream of poses, so that all of them see the same machine; a paced loop runs beside them.
Prints a table in markdown. No latency passes or fails; a pose that is lost does, with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parents[1])]

from comparison import RELAY_NODE, REPOSITORY, Candidate, Comparison, Results  # noqa: E402

from neural_ik_ros.interface.statistics import Percentiles  # noqa: E402
from neural_ik_ros.ros.nodes.recorder import running_recorder  # noqa: E402
from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain  # noqa: E402

TO_OTHER = ('-r', '~/target_pose:=/neural_ik/target_pose')
# The simulated arm follows at most one target an update; late targets are answered as well.
AUTOSTART = (
    *('-p', 'autostart:=true', '-p', 'max_following_error_rad:=0.0'),
    *('-p', 'target_timeout_s:=30.0', '-p', 'max_command_delay_s:=30.0'),
)
PACED = """
import sys, time
period_s, due = 1.0 / float(sys.argv[1]), time.monotonic()
while True:
    due += period_s
    time.sleep(max(0.0, due - time.monotonic()))
    print(time.monotonic() - due)
"""


CONVERTER = """
from trajectory_msgs.msg import JointTrajectory
import numpy as np
from neural_ik_ros.motion import Command
from neural_ik_ros.ros.nodes.baseline_relay import BaselineRelay
from neural_ik_ros.interface.messages import fill_trajectory, make_trajectory, target_from_pose

class Converter(BaselineRelay):
    def __init__(self):
        super().__init__()
        self._trajectory = make_trajectory([f'joint_{i}' for i in range(1, 7)])
        times = 4_000_000 * np.arange(15)
        states = np.zeros((15, 3, 6))
        self._command = Command(stamp_ns=1, time_ns=times, states=states, n_known=4)

    def _on_target(self, message):
        target_from_pose(message)
        fill_trajectory(self._trajectory, self._command)
        super()._on_target(message)

Node = probed(Converter)
"""
PATCH = """
import gc
from neural_ik_ros.ros.node import node
from neural_ik_ros.ros.runtime import process
process.{0}
node.{0}
"""
COLUMNS = (
    *('Targets', 'Process', 'p50 [ms]', 'p99 [ms]', 'max [ms]', 'p50', 'p99'),
    *('not answered', 'replaced', 'refused', 'lost'),
)
RELAY = Candidate(name='relay', node=RELAY_NODE, arguments=TO_OTHER, is_relay=True)


class Paced:
    """A loop that sleeps until its next tick and does nothing, in a process of its own."""

    def __init__(self, rate_hz: float) -> None:
        command = [sys.executable, '-c', PACED, str(rate_hz)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def __enter__(self) -> Paced:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.kill()
        self._process.wait()

    def late_ms(self) -> np.ndarray:
        """Return by how much each tick came late, after ending the loop."""
        self._process.terminate()
        output, _ = self._process.communicate()
        return 1e3 * np.array([float(line) for line in output.splitlines()[:-1]])


def table(rate_hz: float, late_ms: np.ndarray, results: dict[str, Results]) -> list[str]:
    """Return the rows of one rate."""
    relay = results['relay'].percentiles()
    late = Percentiles.of(late_ms)
    paced = cells(np.array([late.p50, late.p99, late.max]))
    rows = [f'| {rate_hz:g} Hz | paced loop | {paced} | | | | | | |']
    for name, one in results.items():
        values = one.percentiles()
        ratios = ' | '.join(f'{ratio:.2f}' for ratio in values[:2] / relay[:2])
        poses = one.ledger
        fates = f'{poses.replaced} | {poses.n_refused} | {poses.n_lost}'
        share = f'{poses.unanswered_percent:.1f} % of {poses.n_sent}'
        rows.append(f'| | {name} | {cells(values)} | {ratios} | {share} | {fates} |')
    return rows


def remarks(rate_hz: float, results: dict[str, Results]) -> list[str]:
    """Return one line for each candidate with poses that were refused or lost."""
    return [
        f'{rate_hz:g} Hz, {name}: {kind} {n}: {why}'
        for name, one in results.items()
        for kind, counts in (('refused', one.ledger.refused), ('lost', one.ledger.lost))
        for why, n in counts.items()
    ]


def cells(values: np.ndarray) -> str:
    return ' | '.join(f'{value:.3f}' for value in values)


def main() -> int:
    """Print the table; return 1 if a pose was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rates', type=float, nargs='+', default=[250.0, 500.0, 1000.0])
    parser.add_argument('--turns', type=int, default=3, help='of each candidate')
    parser.add_argument('--turn-s', type=float, default=8.0, help='recorded in each turn')
    parser.add_argument(
        '--against', type=Path, help='another checkout with observers, whose node runs as well'
    )
    parser.add_argument(
        '--variants', action='store_true', help='executors, collectors, schedulers'
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and let nothing live on
    os.environ['PYTHONPATH'] = str(REPOSITORY)
    candidates = variants() if options.variants else usual(options.against)
    print('| ' + ' | '.join(COLUMNS) + ' |')
    print('|---' * len(COLUMNS) + '|', flush=True)
    n_lost = 0
    for rate_hz in options.rates:
        with tempfile.TemporaryDirectory() as name, reserved_domain() as domain_id:
            os.environ.update(isolated_environment(Path(name), domain_id))
            with running_recorder() as recorder, Paced(rate_hz) as paced:
                comparison = Comparison(Path(name), recorder, rate_hz, options.turn_s)
                results = comparison.run(candidates, options.turns)
                late_ms = paced.late_ms()
        print('\n'.join(table(rate_hz, late_ms, results)), flush=True)
        for remark in remarks(rate_hz, results):
            print(remark, file=sys.stderr, flush=True)
        n_lost += sum(one.ledger.n_lost for one in results.values())
    return int(n_lost > 0)


def usual(against: Path | None) -> dict[str, Candidate]:
    """Return relay, converter and node, with the network in front or not; another node as well."""
    network_first = (*AUTOSTART, '-p', 'current_joints_first:=false')
    candidates = {
        'relay': RELAY,
        'converter': Candidate(
            name='converter', node=CONVERTER, arguments=TO_OTHER, is_relay=True
        ),
        'node': Candidate(name='neural_ik_node', arguments=AUTOSTART),
        'node, network first': Candidate(name='neural_ik_node', arguments=network_first),
    }
    if against is not None:
        candidates['the other node'] = Candidate(
            name='neural_ik_node', arguments=AUTOSTART, checkout=against
        )
    return candidates


def variants() -> dict[str, Candidate]:
    """Return the node with other executors, collectors and schedulers."""
    made_of = {
        'node': ('', ()),
        'single-threaded executor': ('EventsExecutor = None', ()),
        'heap not frozen': ('freeze_heap = lambda: None', ()),
        'heap not frozen, collector off': ('freeze_heap = gc.disable', ()),
        'SCHED_FIFO': ('', ('-p', 'realtime_priority:=50')),
        'a processor of its own': ('', ('-p', 'cpu_affinity:="1"')),
        'both': ('', ('-p', 'realtime_priority:=50', '-p', 'cpu_affinity:="1"')),
    }
    return {
        'relay': RELAY,
        **{
            name: Candidate(
                name='neural_ik_node',
                arguments=(*AUTOSTART, *arguments),
                prelude=PATCH.format(patch) if patch else '',
            )
            for name, (patch, arguments) in made_of.items()
        },
    }


if __name__ == '__main__':
    sys.exit(main())
