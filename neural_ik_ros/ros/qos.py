# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service of every topic; users may override each by parameters."""

from __future__ import annotations

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

# The newest pose wins: a queue would only add latency. Matches reliable publishers as well.
POSE_IN = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)
POSE_OUT = POSE_IN
JOINT_STATES_IN = POSE_IN
# A best-effort publisher would not match a reliable subscriber, and controllers may be either.
TRAJECTORY_OUT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE
)
# joint_trajectory_controller and joint_state_broadcaster use rclcpp::SystemDefaultsQoS. Fast DDS
# makes that a best-effort reader and a reliable writer, both with a history of one.
TRAJECTORY_IN = QoSPresetProfiles.SYSTEM_DEFAULT.value
JOINT_STATES_OUT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE
)
DIAGNOSTICS_OUT = JOINT_STATES_OUT
# As robot_state_publisher: late subscribers get the last one.
STATUS_OUT = ROBOT_DESCRIPTION = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


def overridable() -> QoSOverridingOptions:
    """
    Return the options that let users change history, depth and reliability by parameters.

    For example ``qos_overrides./target_pose.subscription.reliability: reliable``.
    """
    return QoSOverridingOptions.with_default_policies()


def deep(profile: QoSProfile, depth: int = 1000) -> QoSProfile:
    """Return the same profile with a queue, for those who must not miss a message."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=profile.reliability,
        durability=profile.durability,
    )
