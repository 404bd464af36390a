# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service of every topic."""

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


# Each topic has a profile object of its own, because rclpy writes overrides into it.
# Only the latest pose matters: a queue would add latency. Matches reliable publishers as well.
POSE_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
TWIST_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
POSE_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
SOLUTION_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
JOINT_STATES_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
CONTROLLER_STATE_IN = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
# A best-effort publisher would not match a reliable subscriber, and controllers may be either.
TRAJECTORY_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE)
# joint_trajectory_controller and joint_state_broadcaster use rclcpp::SystemDefaultsQoS. Fast DDS
# makes that a best-effort reader and a reliable writer, both with a history of one.
TRAJECTORY_IN = copy(QoSPresetProfiles.SYSTEM_DEFAULT.value)
CLOCK_OUT = _keep_last(1, ReliabilityPolicy.BEST_EFFORT)
JOINT_STATES_OUT = _keep_last(10, ReliabilityPolicy.RELIABLE)
DIAGNOSTICS_OUT = _keep_last(10, ReliabilityPolicy.RELIABLE)
# RViz requests reliable paths and markers, and draws the latest one only.
MARKERS_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE)
# Like robot_state_publisher: late subscribers get the last message.
STATUS_OUT = _keep_last(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
ROBOT_DESCRIPTION = _keep_last(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)


def overridable() -> QoSOverridingOptions:
    """
    Return the options that let users override history, depth and reliability by parameters.

    For example ``qos_overrides./target_pose.subscription.reliability: reliable``.
    """
    return QoSOverridingOptions.with_default_policies()


def with_depth(profile: QoSProfile, depth: int = 1000) -> QoSProfile:
    """Return a profile with a queue, for subscribers that must not miss a message."""
    return _keep_last(depth, profile.reliability, profile.durability)
