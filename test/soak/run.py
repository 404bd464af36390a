# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
``make soak``: the long runs. Prints what it finds; exit code 1 if anything is wrong.

SOAK_SECONDS is the length of the run at 1 kHz; everything else is scaled with it. At 600 s the
node gets 1,000,000 fuzz messages in process and 100,000 over DDS, and 1,000,000 points are
checked against the limits. Arguments choose parts: fuzz, limits, flood, kills, run.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), *(str(FOLDER.parent / name) for name in ('', 'ros', 'plain'))]
FULL_S = 600.0


def main() -> int:
    """Return the exit code."""
    seconds = float(os.environ.get('SOAK_SECONDS', FULL_S))
    if not 10.0 <= seconds <= 1e6:
        print('SOAK_SECONDS must lie between 10 and 1000000', file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and let nothing live on
    from neural_ik_ros.ros.processes.isolation import isolated_environment, reserved_domain

    with tempfile.TemporaryDirectory() as name, reserved_domain() as domain_id:
        folder = Path(name)
        os.environ.update(isolated_environment(folder, domain_id))
        os.environ['PYTHONPATH'] = str(FOLDER.parents[1])
        parts = _parts(folder, seconds)
        if unknown := [name for name in sys.argv[1:] if name not in parts]:
            print(
                f'unknown: {", ".join(unknown)}; choose from {", ".join(parts)}', file=sys.stderr
            )
            return 2
        n_problems = sum(_run_part(*parts[name]) for name in sys.argv[1:] or parts)
    print('no violation' if n_problems == 0 else f'{n_problems} violations')
    return 1 if n_problems else 0


def _parts(folder: Path, seconds: float) -> dict[str, tuple[str, Callable[[], list[str]]]]:
    import cell
    from driver import shipped_arm
    from in_process import check_limits, fuzz_node
    from peers import Peer

    share = seconds / FULL_S
    n_fuzz, n_flood, n_points = (round(share * n) for n in (1_000_000, 100_000, 1_000_000))

    def with_peer(work: Callable[[Peer], list[str]]) -> Callable[[], list[str]]:
        def run() -> list[str]:
            with Peer() as peer:
                return work(peer)

        return run

    def soak(peer: Peer) -> list[str]:
        run = cell.soak(folder, peer, seconds)
        print(f'  {run.summary()}')
        print('\n'.join(run.trend()))
        return [*run.problems, *cell.growth(run), *cell.slowing(run)]

    rounds = max(1, round(10 * share))
    flood = with_peer(lambda peer: cell.flood(folder, peer, n_flood))
    kills = with_peer(lambda peer: cell.kills(folder, peer, rounds))
    return {
        'fuzz': (f'{n_fuzz} fuzz messages in process', lambda: fuzz_node(n_fuzz)),
        'limits': (
            f'{n_points} points against the limits',
            lambda: check_limits(shipped_arm(), n_points),
        ),
        'flood': (f'{n_flood} fuzz messages over DDS', flood),
        'kills': (f'{3 * rounds} kills', kills),
        'run': (f'{seconds:g} s at 1 kHz', with_peer(soak)),
    }


def _run_part(title: str, work: Callable[[], list[str]]) -> int:
    """Run one part and print its problems; return their number."""
    print(title, flush=True)
    started = time.monotonic()
    try:
        problems = work()
    except AssertionError as error:  # a helper of the tests timed out
        problems = [str(error)]
    for problem in problems:
        print(f'  VIOLATION: {problem}')
    print(f'  {len(problems)} violations, {time.monotonic() - started:.1f} s', flush=True)
    return len(problems)


if __name__ == '__main__':
    sys.exit(main())
