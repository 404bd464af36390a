# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fitting a network: configuration, samples of each epoch, run folder, distributed training."""
