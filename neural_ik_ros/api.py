# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The solver with the network of a bundle: joins solver, learning and calibration."""

from __future__ import annotations

from pathlib import Path

from .kinematics import Arm, arm_from_urdf
from .learning.bundle.card import ARM
from .learning.bundle.engines import make_engine
from .learning.bundle.network_seed import NetworkSeed
from .learning.bundle.storage import Bundle, load_bundle
from .solver import IkSolver, SolverOptions
from .urdf_file import read_urdf


def load_solver(
    bundle: Path | str | None = None,
    *,
    urdf: Path | str | None = None,
    calibration: Path | str | None = None,
    engine: str = 'litert',
    options: SolverOptions | None = None,
) -> IkSolver:
    """
    Return a solver for the arm of a bundle, or for another geometry of that arm.

    :param bundle: Folder of a bundle; default is the shipped IRB2400.
    :param urdf: File with another geometry; the network stays, the solutions are exact for it.
    :param calibration: File with corrections of the joint frames, see docs/calibrate.md.
    :param engine: ``litert``, or ``keras`` where Keras is installed.
    :raises BundleError: If the bundle is not what its card says.
    :raises MissingLibraryError: If the engine is not installed.
    :raises UrdfError: If the URDF has no such arm.
    :raises ConfigError: If the engine is unknown, or the calibration file is invalid.
    :raises ConfigError: If it corrects a joint that the arm does not have.
    """
    loaded = load_bundle(None if bundle is None else Path(bundle))
    arm = loaded.arm
    if urdf is not None or calibration is not None:
        arm = _other_arm(loaded, urdf, calibration)
    return IkSolver(arm, NetworkSeed(make_engine(loaded, engine)), options)


def bundle_urdf(bundle: Path | str | None = None) -> str:
    """
    Return the description of the arm of a bundle, by default of the shipped IRB2400.

    :raises BundleError: If the bundle is not what its card says.
    """
    return load_bundle(None if bundle is None else Path(bundle)).files[ARM].decode()


def _other_arm(bundle: Bundle, urdf: Path | str | None, calibration: Path | str | None) -> Arm:
    """Return the arm of the URDF, by default that of the bundle, with its frames corrected."""
    corrections = {}
    if calibration is not None:
        from .calibration.corrections import load_calibration

        corrections = load_calibration(Path(calibration))
    return arm_from_urdf(
        bundle.files[ARM].decode() if urdf is None else read_urdf(Path(urdf)),
        base_frame=bundle.card.base_frame,
        tool_frame=bundle.card.tool_frame,
        corrections=corrections,
    )
