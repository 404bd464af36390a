# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The arm in the browser: drag a handle, and the solver's arm follows."""
