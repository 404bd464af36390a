# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the panel says in figures."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from neural_ik_ros.kinematics import TAU
from neural_ik_ros.solver import IkStatus
from neural_ik_ros.view.appearance import ANSWER, PROPOSAL, REFUSED, branch_colour, css
from neural_ik_ros.view.follower import ArmFollower, ViewOptions
from neural_ik_ros.view.readout import answer_text, branch_table, ghosts_of, joint_bars


@pytest.fixture
def snapshot(solver):
    return ArmFollower(solver, ViewOptions()).step(0.0)


def test_every_status_has_a_colour_that_says_whether_it_may_be_taken():
    colours = {status: branch_colour(status) for status in IkStatus}
    assert colours[IkStatus.SOLVED] == ANSWER
    refused = [status for status, colour in colours.items() if colour == REFUSED]
    assert not any(status.is_solved for status in refused)
    assert len(refused) > 5


def test_joint_bars_show_angle_turns_and_nearness_to_a_limit(arm):
    q = 0.5 * (arm.lower + arm.upper)
    text = joint_bars(arm, q)
    assert text.count('left:calc(50.00%') == 6
    assert css(REFUSED) not in text
    q[0] = arm.upper[0] - 0.01
    assert css(REFUSED) in joint_bars(arm, q)
    q[5] = TAU + 0.5
    assert '+388.65°</b> +1 turn' in joint_bars(arm, q)
    q[0] = arm.upper[0] + 1.0  # a measured joint may lie outside
    assert 'left:calc(100.00%' in joint_bars(arm, q)


def test_names_of_a_urdf_are_not_html(arm):
    names = ('<script>', *arm.joint_names[1:])
    text = joint_bars(replace(arm, joint_names=names), arm.lower)
    assert '<script>' not in text
    assert '&lt;script&gt;' in text


def test_answer_has_its_evidence_and_a_refusal_only_its_reason(solver, snapshot):
    text = answer_text(snapshot)
    assert snapshot.solution.reason in text
    assert 'answered by: current' in text
    assert f'{snapshot.singular_value:.4f}' in text
    follower = ArmFollower(solver, ViewOptions())
    target = snapshot.transform_base_target.copy()
    target[0, 3] = 9.0
    follower.set_target(target)
    refused = answer_text(follower.step(0.0))
    assert IkStatus.UNREACHABLE.value in refused
    assert 'error' not in refused
    assert 'nan' not in refused


def test_table_has_a_row_and_a_reason_for_each_solution(snapshot):
    text = branch_table(snapshot.branches)
    assert text.count('■') == len(snapshot.branches) > 1
    for branch in snapshot.branches:
        assert branch.reason in text
    assert 'none' in branch_table(())
    assert not re.search(r'-0°', text)


def test_ghosts_are_those_that_the_arm_does_not_hide(snapshot):
    apart = replace(snapshot, q_proposal=snapshot.q + 0.1)
    ghosts = ghosts_of(apart)
    assert len(ghosts) == len(snapshot.branches)  # the answer hides, the proposal is added
    assert ghosts[-1].colour == PROPOSAL
    assert all(np.abs(ghost.q - snapshot.q).max() > 1e-3 for ghost in ghosts)
    hidden = ghosts_of(replace(snapshot, q_proposal=snapshot.q + 1e-6))
    assert len(hidden) == len(ghosts) - 1
