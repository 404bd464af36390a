# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``neural_ik``: one module per subcommand, with heavy imports only when it runs."""
