# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
The iterative network: each look at the arm's geometry changes an estimate of the joints.

It is trained from one start, in the posture of the current joints, and served from several.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ...kinematics import N_JOINTS, Arm
from .choice import BestEnd
from .config import NetworkConfig
from .estimate import EstimateChange, EstimateView, NewtonStep, TargetPose
from .geometry import Tensor
from .representatives import representatives
from .standardisation import Standardisation
from .starts import NearStart, PostureStarts

LOOKS, STARTS, STANDARDISATION = 'looks', 'starts', 'standardisation'  # layers found by name
SMALL_KERNEL = 0.01  # standard deviation: an untrained network leaves the Newton step alone


def trained_graph(
    config: NetworkConfig, arm: Arm, inputs: Tensor, standardisation: Standardisation
) -> Tensor:
    """Return all estimates (n, k, 6) [rad] from the start in the posture of the current joints."""
    geometry = _geometry(arm)
    joints, azimuths = (array.tolist() for array in representatives(arm))
    target = TargetPose(**geometry)(inputs)
    starts = PostureStarts(joints, azimuths, name=STARTS, **geometry)
    start = starts(target, inputs[:, -N_JOINTS:])[:, 0]
    seen = _as_network_input(standardisation, inputs, start)
    estimates: Tensor = _looks(config, arm)([target, start, seen, ops.ones_like(start[:, :1])])
    return estimates


def served_graph(model: keras.Model, arm: Arm) -> Tensor:
    """
    Return the best of what a trained network's looks make of every start, (n, 6) [rad].

    The start in the posture of the current joints comes first: the joints themselves where they
    are near the target, and no answer of the network counts from there.

    :param model: Of ``build_network``; its layers ``STARTS``, ``LOOKS`` and ``STANDARDISATION``
        are used again, with the weights they have.
    """
    geometry, numbers = _geometry(arm), model.input
    q_current = numbers[:, -N_JOINTS:]
    target = TargetPose(**geometry)(numbers)
    starts = model.get_layer(STARTS)(target, q_current)
    first, share = NearStart(**geometry)(target, q_current, starts[:, 0])
    rest = [starts[:, k] for k in range(1, starts.shape[1])]
    n_starts = 1 + len(rest)
    # One start after the other along the batch axis: two rows cost little more than one.
    rows = ops.concatenate([first, *rest], axis=0)
    seen = _as_network_input(
        model.get_layer(STANDARDISATION), ops.concatenate([numbers] * n_starts, axis=0), rows
    )
    targets = ops.concatenate([target] * n_starts, axis=0)
    shares = ops.concatenate([share] + len(rest) * [ops.ones_like(share)], axis=0)
    ends = model.get_layer(LOOKS)([targets, rows, seen, shares])[:, -1]
    ends = ops.reshape(ends, (n_starts, -1, N_JOINTS))
    choice = BestEnd(arm.lower.tolist(), arm.upper.tolist(), **geometry)
    answer: Tensor = choice(target, ends, q_current)
    return answer


def _looks(config: NetworkConfig, arm: Arm) -> keras.Model:
    """
    Return the part that learns: from target and start to the estimates after each look.

    A residual stream reads the problem once; the LSTM reads it and what the geometry says about
    each estimate, and answers with the next change.
    """
    target, start = keras.Input((3, 5)), keras.Input((N_JOINTS,))
    joints, share = keras.Input((N_JOINTS,)), keras.Input((1,))
    geometry = _geometry(arm)
    view, newton, change = EstimateView(**geometry), NewtonStep(**geometry), EstimateChange()
    cell = keras.layers.LSTMCell(config.lstm_units)
    hidden = keras.layers.Dense(config.lstm_units, activation='silu')
    small = keras.initializers.RandomNormal(stddev=SMALL_KERNEL)
    head = keras.layers.Dense(2 * N_JOINTS, kernel_initializer=small)
    q, stream, memory, estimates = start, None, [], []
    for _ in range(config.sequence_length):
        observed, step, weight = view(target, q)
        observed = ops.concatenate([observed, joints], axis=-1)
        if stream is None:
            stream = observed
            for width in config.widths:
                stream = _smooth_block(stream, width)
            begin = keras.layers.Dense(config.lstm_units, activation='tanh')
            memory = [begin(stream), begin(stream)]
        read, memory = cell(ops.concatenate([observed, stream], axis=-1), memory)
        answer = head(keras.layers.Add()([read, hidden(read)]))
        q = change(q, step, share * weight, answer)
        estimates.append(q)
    for _ in range(config.newton_steps):
        q = newton(target, q)
        estimates.append(q)
    return keras.Model([target, start, joints, share], ops.stack(estimates, axis=1), name=LOOKS)


def _as_network_input(standardisation: Standardisation, numbers: Tensor, start: Tensor) -> Tensor:
    """Return a start as standardised joints (n, 6), as if the arm stood there."""
    asked = ops.concatenate([numbers[:, :-N_JOINTS], start], axis=-1)
    return standardisation(asked)[:, -N_JOINTS:]


def _geometry(arm: Arm) -> dict[str, Any]:
    return {'rotations': arm.rotations.tolist(), 'translations': arm.translations.tolist()}


def _smooth_block(x: Tensor, width: int) -> Tensor:
    """Return the stream, projected where the width changes, plus what a dense layer adds."""
    added = keras.layers.Dense(width, activation='silu')(x)
    if x.shape[-1] != width:
        x = keras.layers.Dense(width, use_bias=False)(x)
    return keras.layers.Add()([x, added])
