# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Data, network, training, bundle, evaluation: each room imports from those before it.

``make_bundle`` stands above the rooms. Serving loads ``bundle`` and ``data.features`` only, and
neither TensorFlow, Keras, scikit-learn nor skops; nothing is imported here to keep it so.
"""
