# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service of every topic; users may override each by parameters."""

from __future__ import annotations

from copy import copy

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions


def _keep_last(
    depth: int,
    reliability: ReliabilityPolicy,
    durability: DurabilityPolicy = DurabilityPolicy.VOLATILE,
) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=durability,
    )


# Each topic has an object of its own, because rclpy writes overrides into the one it is given.
# The newest pose wins: a queue would only add latency. Matches reliable publishers as well.
POSE_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
POSE_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
SOLUTION_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
JOINT_STATES_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
# A best-effort publisher would not match a reliable subscriber, and controllers may be either.
TRAJECTORY_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE)
# joint_trajectory_controller and joint_state_broadcaster use rclcpp::SystemDefaultsQoS. Fast DDS
# makes that a best-effort reader and a reliable writer, both with a history of one.
TRAJECTORY_IN = copy(QoSPresetProfiles.SYSTEM_DEFAULT.value)
CLOCK_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
JOINT_STATES_OUT = _keep_last(10, ReliabilityPolicy.RELIABLE)
DIAGNOSTICS_OUT = _keep_last(10, ReliabilityPolicy.RELIABLE)
# RViz asks for reliable paths and markers; the newest one is all there is to see.
VIEW_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE)
# As robot_state_publisher: late subscribers get the last one.
STATUS_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
ROBOT_DESCRIPTION = _keep_last(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)


def overridable() -> QoSOverridingOptions:
    """
    Return the options that let users change history, depth and reliability by parameters.

    For example ``qos_overrides./target_pose.subscription.reliability: reliable``.
    """
    return QoSOverridingOptions.with_default_policies()


def deep(profile: QoSProfile, depth: int = 1000) -> QoSProfile:
    """Return the same profile with a queue, for those who must not miss a message."""
    return _keep_last(depth, profile.reliability, profile.durability)
