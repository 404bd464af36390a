# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bundles: a trained network as a folder of files, its checks, and the engines that run it."""
