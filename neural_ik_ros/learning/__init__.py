# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Data, network, training and the bundle they end in.

Serving needs ``bundle``, ``engines``, ``predictor`` and ``serving`` only, and none of them imports
TensorFlow, Keras, scikit-learn or skops. Nothing is imported here, so that it stays this way.
"""
