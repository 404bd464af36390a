# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The example that trains for another arm, on a tiny budget."""

from __future__ import annotations

from pathlib import Path

import yaml
from keras_only import needs_keras

from neural_ik_ros.learning.bundle.storage import load_bundle
from neural_ik_ros.learning.training.config import LearningConfig

EXACT = 1e-9  # [m] what the solver promises, however little the network has learnt
SMALL = Path(__file__).parents[3] / 'examples' / '07_train_another_arm' / 'small.yaml'


@needs_keras
def test_train_another_arm_ends_with_exact_answers(run_example, tiny, tmp_path):
    config = tmp_path / 'tiny.yaml'
    config.write_text(yaml.safe_dump(tiny.to_mapping(), sort_keys=False))
    shown = run_example('07_train_another_arm', '--config', str(config))
    for who in ('network', 'current joints'):
        n_solved, n, n_iterations, largest = shown.numbers(
            rf'from the {who}: solved (\d+) of (\d+) in (\S+) iterations, off by at most (\S+) m'
        )
        assert 0.8 * n < n_solved <= n
        assert n_iterations > 0.0
        assert largest < EXACT
    (alone,) = shown.numbers(r'network unrefined: tool off by (\S+) m')
    assert 0.0 < alone < 1.0
    assert load_bundle(shown.output / 'run' / 'bundle').arm.joint_names[0] == 'turn'


def test_configuration_of_the_example_is_one():
    config = LearningConfig.from_file(SMALL)
    assert config.data.n_train * config.training.epochs <= 1_000_000, 'it is to take minutes'
