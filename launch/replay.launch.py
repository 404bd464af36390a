# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Play a bag with its clock into the neural_ik node; compare its responses with the replay."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.events import matches_action
from launch.events.process import ShutdownProcess
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition

from neural_ik_ros.errors import NeuralIkError
from neural_ik_ros.ros import launching

ROS2_BAG = ('ros2bag', 'rosbag2_transport')
DISCOVERY_S = 2.0  # that ros2 bag play waits for the node to find it
TEXTS = {
    'bag': ('', 'Folder or file of the bag; has to be given.'),
    'target_topic': ('', 'Topic of the targets in the bag; empty: that of the node.'),
    'joint_states_topic': ('', 'Topic of the joint states in the bag; empty: that of the node.'),
    'rate': ('1.0', 'How many times as fast as recorded.'),
    'output': (
        'replay_report',
        'Folder of the report; the responses of the node go to <output>_live.',
    ),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and what they ask for."""
    arguments = [
        *(
            DeclareLaunchArgument(name, default_value=default, description=description)
            for name, (default, description) in TEXTS.items()
        ),
        launching.choice(
            'player',
            'Who plays: node bag_player of this package, or ros2 bag play where installed.',
            ['bag_player', 'ros2_bag'],
            default='bag_player',
        ),
        launching.switch(
            'lock_step',
            'Hold the clock until the node has processed each message (bag_player).',
            is_on=True,
        ),
        launching.switch('loop', 'Play again and again; compares nothing.'),
        launching.switch('controller', 'A simulated arm on the clock of the bag obeys as well.'),
        *launching.arguments(*launching.COMMON, use_sim_time='true'),
        *launching.arguments('autostart', 'simulated_arm_params_file'),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[Action]:
    value, is_on = launching.value, launching.is_on
    if not value(context, 'bag'):
        raise NeuralIkError('no bag given. Say bag:=FOLDER, for example one of record-demo.')
    is_ros2_bag, missing = value(context, 'player') == 'ros2_bag', launching.missing(ROS2_BAG)
    node = launching.neural_ik(context)
    compare = launching.command(*_replay(context))
    is_done = [Shutdown(reason='the bag has been played')]
    last = [] if is_on(context, 'loop') else [compare, launching.then(compare, is_done, 'replay')]
    play = _ros2_bag if is_ros2_bag and not missing else _bag_player
    remapped = [('joint_states', 'simulated_joint_states')]
    arm = launching.node(context, 'simulated_arm', remappings=remapped)
    return [
        *([launching.advice('ros2 bag play', missing)] if is_ros2_bag and missing else []),
        *([arm] if is_on(context, 'controller') else []),
        *play(context, node, last),
        node,
    ]


def _name(context: LaunchContext) -> str:
    namespace = launching.value(context, 'namespace').strip('/')
    return f'/{namespace}/neural_ik' if namespace else '/neural_ik'


def _responses(context: LaunchContext) -> str:
    return launching.value(context, 'output').rstrip('/') + '_live'


def _replay(context: LaunchContext) -> list[str]:
    """Return the command that replays offline and compares."""
    options = {
        'params-file': launching.value(context, 'params_file'),
        'node': _name(context),
        'prefix': launching.value(context, 'prefix'),
        'target-topic': launching.value(context, 'target_topic'),
        'joint-states-topic': launching.value(context, 'joint_states_topic'),
        'responses': _responses(context),
        'output': launching.value(context, 'output'),
    }
    given = [f'--{name}={text}' for name, text in options.items() if text]
    return ['replay', launching.value(context, 'bag'), *given]


def _bag_player(context: LaunchContext, _node: LifecycleNode, last: list[Action]) -> list[Action]:
    value, is_looped = launching.value, launching.is_on(context, 'loop')
    player = launching.node(
        context,
        'bag_player',
        ends=True,
        **{name: value(context, name) for name in ('bag', 'target_topic', 'joint_states_topic')},
        rate=float(value(context, 'rate')),
        lock_step=launching.is_on(context, 'lock_step'),
        loop=is_looped,
        responses='' if is_looped else _responses(context),
    )
    return [player, launching.then(player, last, 'bag_player')]


def _ros2_bag(context: LaunchContext, node: LifecycleNode, last: list[Action]) -> list[Action]:
    """Return ros2 bag record, and ros2 bag play once the node is active."""
    name, value = _name(context), launching.value
    namespace = name.rpartition('/')[0]
    heard = {
        'target_topic': f'{name}/target_pose',
        'joint_states_topic': f'{namespace}/joint_states',
    }
    in_bag = {argument: value(context, argument) or topic for argument, topic in heard.items()}
    remapped = [f'{in_bag[argument]}:={topic}' for argument, topic in heard.items()]
    told = (f'{name}/solution', f'{name}/status')
    commands = f'{namespace}/joint_trajectory_controller/joint_trajectory'
    play = ExecuteProcess(
        cmd=[
            *('ros2', 'bag', 'play', value(context, 'bag'), '--clock-topics-all'),
            *('--rate', value(context, 'rate'), '--delay', str(DISCOVERY_S)),
            *(
                '--disable-keyboard-controls',
                *(['--loop'] if launching.is_on(context, 'loop') else []),
            ),
            *('--topics', *in_bag.values(), '--remap', *remapped),
        ],
        output='screen',
    )
    record = ExecuteProcess(
        cmd=[
            *('ros2', 'bag', 'record', '--use-sim-time', '--output', _responses(context)),
            *('--disable-keyboard-controls', '--topics', *told, commands),
        ],
        output='screen',
    )
    stop = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(record)))
    return [
        record,
        RegisterEventHandler(
            OnStateTransition(target_lifecycle_node=node, goal_state='active', entities=[play])
        ),
        launching.then(play, [stop], 'ros2 bag play'),
        launching.then(record, last, 'ros2 bag record'),
    ]
