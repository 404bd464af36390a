# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The described network called as Keras users call theirs; untrained, so good for its time only.

LSTM and residual blocks are those of config/learning/reference.yaml.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_ik_ros.kinematics import Arm, Joints, Transform
from neural_ik_ros.learning.data.features import N_FEATURES, features

from .adapter import Adapter, Solve

PREDICT, GRAPH, LITERT = 'described, Keras predict', 'described, tf.function', 'described, LiteRT'


def _described(arm: Arm) -> Any:
    from neural_ik_ros.learning.network.architectures import build_network
    from neural_ik_ros.learning.training.config import LearningConfig
    from neural_ik_ros.share import share_folder

    config = LearningConfig.from_file(share_folder() / 'config' / 'learning' / 'reference.yaml')
    return build_network(config.network, arm, np.zeros(N_FEATURES), np.ones(N_FEATURES))


def _row(target: Transform, q_current: Joints) -> np.ndarray:
    return features(target, q_current)[None].astype(np.float32)


def _predict(arm: Arm) -> Solve:
    model = _described(arm)
    return lambda target, q: model.predict(_row(target, q), verbose=0)[0].astype(np.float64)


def _graph(arm: Arm) -> Solve:
    import tensorflow

    model = _described(arm)
    call = tensorflow.function(
        lambda x: model(x, training=False),
        input_signature=[tensorflow.TensorSpec((1, N_FEATURES), tensorflow.float32)],
    )
    return lambda target, q: call(_row(target, q)).numpy()[0].astype(np.float64)


def _litert(arm: Arm) -> Solve:
    from neural_ik_ros.learning.bundle.engines import LiteRtEngine
    from neural_ik_ros.learning.network.model_files import to_litert

    engine = LiteRtEngine(to_litert(_described(arm)))
    return lambda target, q: engine.run(_row(target, q))[0].astype(np.float64)


ADAPTERS = tuple(
    Adapter(
        name=name,
        package=package,
        kind='network, untrained',
        call=call,
        build=build,
        is_solver=False,
    )
    for name, package, call, build in (
        (PREDICT, 'keras', 'Model.predict of one row, as the original does', _predict),
        (GRAPH, 'keras', 'a tf.function of the model, one row', _graph),
        (LITERT, 'ai-edge-litert', 'one forward pass', _litert),
    )
)
