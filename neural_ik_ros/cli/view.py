# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""``neural_ik view``: the arm in the browser, dragged by a handle."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SOURCE_ROS, ConfigError, MissingLibraryError
from .common.argument_types import bounded_int

if TYPE_CHECKING:
    from ..kinematics import Transform
    from ..solver import IkSolver

INSTALL_VIEW = 'make view, or pip install "neural_ik_ros[view]"'
ROS_REFUSES = ('save', 'bundle', 'urdf', 'calibration', 'tool')


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'view',
        help='show the arm in the browser and drag its tool',
        description='Serve a page with the arm: drag the handle and the arm follows through the '
        'solver and the motion limits of the node; every solution and the proposal of the network '
        'are shown as ghosts. Open the printed address, which holds a token; Ctrl-C ends it.',
    )
    parser.add_argument('--bundle', type=Path, help='folder of a network bundle')
    parser.add_argument(
        '--urdf',
        type=Path,
        help='any six-axis arm, drawn with its meshes; without --bundle or --calibration it is '
        'solved without a network',
    )
    parser.add_argument('--calibration', type=Path, help='YAML file of neural_ik calibrate')
    parser.add_argument('--base', default='base_link', help='link of --urdf (base_link)')
    parser.add_argument('--tip', default='tool0', help='link of --urdf (tool0)')
    parser.add_argument(
        '--tool',
        nargs=6,
        type=float,
        default=None,
        metavar=('X', 'Y', 'Z', 'R', 'P', 'YAW'),
        help='tip of the tool in the tip of the arm, held by the handle [m, rad]',
    )
    parser.add_argument(
        '--ros', action='store_true', help='show a running node, and command it from the page'
    )
    parser.add_argument(
        '--node', default='neural_ik', help='with --ros: name of the node (neural_ik)'
    )
    parser.add_argument(
        '--host', default='127.0.0.1', help='address to listen on (127.0.0.1: this machine only)'
    )
    parser.add_argument(
        '--port', type=_port, default=8080, help='port to listen on, 0 for any (8080)'
    )
    parser.add_argument('--save', type=Path, metavar='PAGE.html', help='write a page and exit')
    parser.add_argument('--no-browser', action='store_true', help='only print the address')
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    return bounded_int(text, 0, 65_535)


def _run(arguments: argparse.Namespace) -> int:
    try:
        return _view(arguments)
    except ModuleNotFoundError as error:
        if error.name in ('collada', 'trimesh', 'viser'):
            raise MissingLibraryError(error.name, INSTALL_VIEW) from error
        raise


def _view(arguments: argparse.Namespace) -> int:
    if arguments.ros:
        return _view_node(arguments)
    view, follower = _parts(arguments)
    if arguments.save is not None:
        return _save(arguments.save, view, follower)
    from ..view import browser
    from ..view.local_view import run_frames

    with browser.served_page(arguments.host, arguments.port) as (server, url):
        _announce(url, is_opened=not arguments.no_browser)
        run_frames(view(server).frame, lambda: False)
    return 0


def _view_node(arguments: argparse.Namespace) -> int:
    given = [name for name in ROS_REFUSES if getattr(arguments, name) is not None]
    if given:
        problem = f'cannot be used with --{given[0]}'
        raise ConfigError('--ros', problem, 'leave it out: the node says what its arm is')
    try:
        from ..ros.nodes.browser_view import view_node
    except ImportError as error:
        raise MissingLibraryError(error.name, SOURCE_ROS) from error
    view_node(
        arguments.node,
        host=arguments.host,
        port=arguments.port,
        announce=lambda url: _announce(url, is_opened=not arguments.no_browser),
    )
    return 0


def _parts(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return a function that makes the view for a server, and the follower that it shows."""
    from ..kinematics import transform_from_xyz_rpy
    from ..view.follower import ArmFollower, ViewOptions
    from ..view.local_view import LocalView
    from ..view.shapes import arm_shapes

    solver, text, folder = _solver(arguments)
    groups = arm_shapes(text, solver.arm, folder)
    tool = arguments.tool or (0.0,) * 6
    transform: Transform = transform_from_xyz_rpy(tool[:3], tool[3:])
    follower = ArmFollower(solver, ViewOptions())
    return lambda server: LocalView(server, follower, groups, transform), follower


def _solver(arguments: argparse.Namespace) -> tuple[IkSolver, str, Path]:
    """Return the solver, the text of its URDF and the folder that its meshes are relative to."""
    from ..api import bundle_urdf, load_solver
    from ..solver import IkSolver
    from ..urdf_file import read_urdf

    bundle, urdf, calibration = arguments.bundle, arguments.urdf, arguments.calibration
    text = bundle_urdf(bundle) if urdf is None else read_urdf(urdf)
    folder = Path() if urdf is None else urdf.parent
    if urdf is not None and bundle is None and calibration is None:
        solver = IkSolver.from_urdf(urdf, base=arguments.base, tip=arguments.tip)
        return solver, text, folder
    return load_solver(bundle, urdf=urdf, calibration=calibration), text, folder


def _save(path: Path, view: Any, follower: Any) -> int:
    from ..view.browser import hidden_server
    from ..view.recording import save_page

    with hidden_server() as server:
        n_refused = save_page(path, server, follower, view(server).frame)
    print(f'{path} written; {n_refused} targets of its path refused')
    return 0


def _announce(url: str, *, is_opened: bool) -> None:
    print(f'The arm is at {url}\nThe address is a key: who has it can use the page.', flush=True)
    if is_opened and not webbrowser.open(url):
        print('No browser could be opened here: open the address in one.', flush=True)
