# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""This package: the solver with its network, with the current joints, and the network alone."""

from __future__ import annotations

from neural_ik_ros.kinematics import Arm, Joints, Transform
from neural_ik_ros.solver import CurrentJoints, IkSolver, SolverOptions

from .adapter import Adapter, Solve

NETWORK, CURRENT, ALONE = 'ours, network', 'ours, current joints', 'network alone, LiteRT'
# Another posture is better than no answer: none of the peers knows postures.
OPTIONS = SolverOptions(allow_other_posture=True)


def _with_network(arm: Arm) -> Solve:
    return _warmed_up(IkSolver(arm, IkSolver.load().predictor, OPTIONS))


def _with_current_joints(arm: Arm) -> Solve:
    return _warmed_up(IkSolver(arm, CurrentJoints(), OPTIONS))


def _warmed_up(solver: IkSolver) -> Solve:
    solver.warm_up()

    def solve(target: Transform, q_current: Joints) -> Joints | None:
        solution = solver.solve(target, q_current)
        return solution.q if solution.status.is_solved else None

    return solve


def _network_alone(arm: Arm) -> Solve:
    del arm  # the network knows the nominal arm only
    return IkSolver.load().predictor.predict


ADAPTERS = (
    Adapter(
        name=NETWORK,
        package='neural_ik_ros',
        kind='network, LM, branches',
        call='IkSolver.solve, any posture allowed',
        build=_with_network,
    ),
    Adapter(
        name=CURRENT,
        package='neural_ik_ros',
        kind='LM, branches',
        call='the same with CurrentJoints',
        build=_with_current_joints,
    ),
    Adapter(
        name=ALONE,
        package='ai-edge-litert',
        kind='network',
        call='features and one forward pass, unjudged',
        build=_network_alone,
        is_solver=False,
    ),
)
