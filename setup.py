# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE_NAME = 'neural_ik_ros'
SHARE = f'share/{PACKAGE_NAME}'

# The ROS wheels are third-party builds for Linux on x86_64, so they are an extra and never a hard
# dependency: a robot PC has the official packages from apt. Always install with constraints.txt.
ON_LINUX_X86_64 = "sys_platform == 'linux' and platform_machine == 'x86_64'"
ROS_WHEELS = [
    'ros-jazzy-rclpy[fastrtps]==7.1.6',
    'ros-jazzy-ament-index-python==1.8.1',
    'ros-jazzy-diagnostic-msgs==5.3.6',
    'ros-jazzy-geometry-msgs==5.3.6',
    'ros-jazzy-lifecycle-msgs==2.0.3',
    'ros-jazzy-nav-msgs==5.3.6',
    'ros-jazzy-sensor-msgs==5.3.6',
    'ros-jazzy-std-msgs==5.3.6',
    'ros-jazzy-std-srvs==5.3.6',
    'ros-jazzy-trajectory-msgs==5.3.6',
    'ros-jazzy-visualization-msgs==5.3.6',
]
BAGS = ['rosbags', 'apsw', "backports.zstd ; python_version < '3.14'"]


def data_files(*folders: str) -> list[tuple[str, list[str]]]:
    """Return the files below the folders, to be installed at the same places under share."""
    files_of_folder: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                target = f'{SHARE}/{path.parent.as_posix()}'
                files_of_folder.setdefault(target, []).append(path.as_posix())
    return list(files_of_folder.items())


setup(
    name=PACKAGE_NAME,
    version='0.1.0',
    description='Inverse kinematics of six-axis arms: proposed by a network, refined until exact.',
    license='Apache-2.0',
    maintainer='neural_ik_ros maintainers',
    maintainer_email='maintainers@example.com',
    keywords=['ROS', 'inverse kinematics', 'robot arm'],
    python_requires='>=3.10',
    packages=find_packages(include=[PACKAGE_NAME, f'{PACKAGE_NAME}.*'], exclude=['test']),
    package_data={PACKAGE_NAME: ['py.typed', 'bundles/**/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE_NAME}']),
        (SHARE, ['package.xml']),
        *data_files('config', 'launch', 'urdf'),
    ],
    zip_safe=False,
    install_requires=[
        'setuptools',
        'ai-edge-litert',
        'lxml',
        'numba',
        'numpy',
        'pyyaml',
        'ruckig',
        'scipy',
        'tqdm',
    ],
    extras_require={
        'ros': [f'{wheel} ; {ON_LINUX_X86_64}' for wheel in ROS_WHEELS],
        'plots': ['matplotlib'],
        'replay': [*BAGS, 'matplotlib'],
        'view': ['viser>=1.1.0', 'trimesh', 'pycollada'],  # handles cannot be dragged before 1.1
        'learning': [
            f'tensorflow-cpu ; {ON_LINUX_X86_64}',
            "tensorflow ; sys_platform != 'linux' or platform_machine != 'x86_64'",
            'matplotlib',
            'scikit-learn',
            'skops',
        ],
        'test': [  # what test/learning needs besides is in test-learning
            *BAGS,
            'hypothesis',
            'pin',
            "py-opw-kinematics ; python_version >= '3.11'",
            'pytest<9',  # launch_testing of Jazzy does not load in pytest 9
            'xacro',
        ],
        'test-learning': ["jax ; python_version >= '3.11'"],  # trains with several workers
        'test-view': ['playwright'],  # and Chromium, which apt has
        'lint': ['catkin-pkg', 'mypy', 'pre-commit', 'ruff', 'types-PyYAML'],
    },
    entry_points={
        'console_scripts': [
            'neural_ik = neural_ik_ros.cli.main:main',
            'neural_ik_node = neural_ik_ros.ros.executables:neural_ik_node',
            'path_markers = neural_ik_ros.ros.executables:path_markers',
            'simulated_arm = neural_ik_ros.ros.executables:simulated_arm',
            'target_source = neural_ik_ros.ros.executables:target_source',
            'bag_player = neural_ik_ros.ros.executables:bag_player',
            'baseline_relay = neural_ik_ros.ros.executables:baseline_relay',
        ],
    },
)
