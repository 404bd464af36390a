# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Shared by all nodes: process, executor, parameters, quality of service, TF."""
