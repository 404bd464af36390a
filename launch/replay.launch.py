# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Play a bag and its clock into the neural_ik node; compare its responses with offline replay."""

from __future__ import annotations

from collections.abc import Mapping

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.events import matches_action
from launch.events.process import ShutdownProcess
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

from neural_ik_ros.errors import ConfigError
from neural_ik_ros.ros.launching import BOOLEAN, apt_advice, missing, on_success

SHARE = FindPackageShare('neural_ik_ros')
DISCOVERY_S = '2.0'  # time for the node to discover ros2 bag play before the first message


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            'bag', default_value='', description='Folder or file of the bag; must be given.'
        ),
        DeclareLaunchArgument(
            'target_topic',
            default_value='',
            description='Topic of the targets in the bag; empty: the one the node subscribes to.',
        ),
        DeclareLaunchArgument(
            'joint_states_topic',
            default_value='',
            description='Topic of the joint states in the bag; empty: as the node subscribes.',
        ),
        DeclareLaunchArgument(
            'rate', default_value='1.0', description='Speed, as a multiple of the recorded one.'
        ),
        DeclareLaunchArgument(
            'output',
            default_value='replay_report',
            description='Folder of the report; the responses of the node go to <output>_live.',
        ),
        DeclareLaunchArgument(
            'player',
            default_value='bag_player',
            choices=['bag_player', 'ros2_bag'],
            description='Play with the node bag_player, or with ros2 bag play where installed.',
        ),
        DeclareLaunchArgument(
            'lock_step',
            default_value='true',
            choices=BOOLEAN,
            description='Hold the clock until the node has processed each message (bag_player).',
        ),
        DeclareLaunchArgument(
            'loop',
            default_value='false',
            choices=BOOLEAN,
            description='Play again and again; compares nothing.',
        ),
        DeclareLaunchArgument(
            'controller',
            default_value='false',
            choices=BOOLEAN,
            description='Start a simulated arm too, which follows on the clock of the bag.',
        ),
        DeclareLaunchArgument(
            'simulated_arm_params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', 'simulated_arm.yaml']),
            description='Parameters of the simulated arm: its initial joint angles, its rate.',
        ),
        DeclareLaunchArgument(
            'checks_following',
            default_value='false',
            choices=BOOLEAN,
            description='End the motion when the arm in the bag, which obeyed another node, '
            'does not follow.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='true',
            choices=BOOLEAN,
            description='Take the time from /clock, in all nodes.',
        ),
    ]
    # Declares the other arguments: namespace, prefix, params_file, log_level ...
    neural_ik = IncludeLaunchDescription(
        PathJoinSubstitution([SHARE, 'launch', 'neural_ik.launch.py'])
    )
    return LaunchDescription([*arguments, neural_ik, OpaqueFunction(function=launch_setup)])


def launch_setup(context: LaunchContext) -> list[Action]:
    given = context.launch_configurations
    if not given['bag']:
        raise ConfigError('bag', 'none given', 'pass bag:=FOLDER, for example one of record-demo')
    wants_ros2_bag = given['player'] == 'ros2_bag'
    lacking = missing(['ros2bag', 'rosbag2_transport']) if wants_ros2_bag else []
    play = ros2_bag if wants_ros2_bag and not lacking else bag_player
    return [
        *([apt_advice('ros2 bag play', lacking)] if lacking else []),
        *([simulated_arm(given['prefix'])] if given['controller'] == 'true' else []),
        *play(given, [] if given['loop'] == 'true' else compare_and_end(given, play is ros2_bag)),
    ]


def simulated_arm(prefix: str) -> Node:
    """Return a simulated arm; its joint states do not mix with those of the bag."""
    return Node(
        package='neural_ik_ros',
        executable='simulated_arm',
        name='simulated_arm',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            LaunchConfiguration('simulated_arm_params_file'),
            {
                'use_sim_time': LaunchConfiguration('use_sim_time'),
                **({'prefix': prefix} if prefix else {}),
            },
        ],
        remappings=[('joint_states', 'simulated_joint_states')],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'),
        respawn_delay=2.0,
        output='screen',
    )


def bag_player(given: Mapping[str, str], at_end: list[Action]) -> list[Action]:
    """Return the node bag_player, which ends by itself and then starts the actions at_end."""
    player = Node(
        package='neural_ik_ros',
        executable='bag_player',
        name='bag_player',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            {
                'use_sim_time': LaunchConfiguration('use_sim_time'),
                'bag': text(given['bag']),
                'target_topic': text(given['target_topic']),
                'joint_states_topic': text(given['joint_states_topic']),
                'rate': float(given['rate']),
                'lock_step': LaunchConfiguration('lock_step'),
                'loop': LaunchConfiguration('loop'),
                'responses': text('' if given['loop'] == 'true' else responses_of(given)),
            }
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
    )
    return [player, on_success(player, at_end, 'bag_player')]


def ros2_bag(given: Mapping[str, str], at_end: list[Action]) -> list[Action]:
    """Return ros2 bag record, and ros2 bag play once the node is active."""
    node = node_name(given)
    namespace = node.rpartition('/')[0]
    targets, joint_states = f'{node}/target_pose', f'{namespace}/joint_states'
    in_bag = given['target_topic'] or targets, given['joint_states_topic'] or joint_states
    remappings = f'{in_bag[0]}:={targets}', f'{in_bag[1]}:={joint_states}'
    commands = f'{namespace}/joint_trajectory_controller/joint_trajectory'
    play = ExecuteProcess(
        cmd=[
            *('ros2', 'bag', 'play', given['bag'], '--clock-topics-all'),
            *('--rate', given['rate'], '--delay', DISCOVERY_S, '--disable-keyboard-controls'),
            *(['--loop'] if given['loop'] == 'true' else []),
            *('--topics', *in_bag, '--remap', *remappings),
        ],
        output='screen',
    )
    record = ExecuteProcess(
        cmd=[
            *('ros2', 'bag', 'record', '--use-sim-time', '--output', responses_of(given)),
            *('--disable-keyboard-controls', '--topics'),
            *(f'{node}/solution', f'{node}/status', commands),
        ],
        output='screen',
    )
    stop_recording = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(record)))
    return [
        record,
        RegisterEventHandler(OnStateTransition(goal_state='active', entities=[play])),
        on_success(play, [stop_recording], 'ros2 bag play'),
        on_success(record, at_end, 'ros2 bag record'),
    ]


def compare_and_end(given: Mapping[str, str], is_recorded_late: bool) -> list[Action]:
    """
    Return the offline replay with the comparison, and the end of launch after it.

    :param is_recorded_late: Whether the first responses may be missing: with --use-sim-time,
        ros2 bag record subscribes only after the first message on /clock.
    """
    options = {
        'params-file': given['params_file'],
        'node': node_name(given),
        'prefix': given['prefix'],
        'target-topic': given['target_topic'],
        'joint-states-topic': given['joint_states_topic'],
        'responses': responses_of(given),
        'output': given['output'],
    }
    compare = ExecuteProcess(
        cmd=[
            ExecutableInPackage(package='neural_ik_ros', executable='neural_ik'),
            *('replay', given['bag'], *(['--late-responses'] if is_recorded_late else [])),
            *(f'--{name}={value}' for name, value in options.items() if value),
        ],
        output='screen',
    )
    end = Shutdown(reason='the bag has been played')
    return [compare, on_success(compare, [end], 'replay')]


def node_name(given: Mapping[str, str]) -> str:
    namespace = given['namespace'].strip('/')
    return f'/{namespace}/neural_ik' if namespace else '/neural_ik'


def responses_of(given: Mapping[str, str]) -> str:
    """Return the folder of the bag with the responses of the node."""
    return given['output'].rstrip('/') + '_live'


def text(value: str) -> ParameterValue:
    """Return a parameter that stays text where it reads like a number."""
    return ParameterValue(value, value_type=str)
