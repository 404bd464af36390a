# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The solver with the network of a bundle: joins solver, learning and calibration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import BundleError
from .kinematics import Arm, arm_from_urdf
from .kinematics.difference import compare_arms
from .learning.bundle.card import ARM
from .learning.bundle.engines import make_engine
from .learning.bundle.network_seed import NetworkSeed
from .learning.bundle.storage import Bundle, load_bundle
from .solver import CurrentJoints, IkSolver, SolverOptions
from .urdf_file import urdf_text


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
    :param urdf: The same kind of arm, measured or drawn otherwise (a file, or its text): the
        network stays, the solutions are exact for it.
    :param calibration: File that says how the arm differs from its URDF, see docs/calibration.md.
    :param engine: ``litert``, or ``keras`` where Keras is installed.
    :raises BundleError: If the bundle is not what its card says, or the URDF is another arm.
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


def calibrator(calibration: Path | str, *, prefix: str = '') -> Callable[..., Arm]:
    """
    Return the function that corrects the arm of a URDF by a calibration file.

    Called as ``arm_from_urdf(urdf, base_frame=..., tool_frame=...)``; raises ConfigError if the
    file was made for another arm.

    :param prefix: Before the joint names of the URDFs; the file has them without.
    :raises ConfigError: If the file is invalid.
    """
    from .calibration.results.calibration_file import load_calibration

    return load_calibration(Path(calibration)).with_prefix(prefix).apply


def solver_for_urdf(
    urdf: Path | str,
    *,
    base: str,
    tip: str,
    calibration: Path | str | None = None,
    options: SolverOptions | None = None,
) -> IkSolver:
    """
    Return ``IkSolver.from_urdf``, for the arm as it was measured if there is a calibration.

    :param calibration: File that says how the arm differs from its URDF.
    :raises NeuralIkError: As ``IkSolver.from_urdf``, or if the calibration is of another arm.
    """
    if calibration is None:
        return IkSolver.from_urdf(urdf, base=base, tip=tip, options=options)
    arm = calibrator(calibration)(urdf_text(urdf), base_frame=base, tool_frame=tip)
    return IkSolver(arm, CurrentJoints(), options)


def _other_arm(bundle: Bundle, urdf: Path | str | None, calibration: Path | str | None) -> Arm:
    """Return the arm of the URDF, by default that of the bundle, corrected."""
    text = bundle.files[ARM].decode() if urdf is None else urdf_text(urdf)
    base, tool = bundle.card.base_frame, bundle.card.tool_frame
    if urdf is not None:
        arm = arm_from_urdf(text, base_frame=base, tool_frame=tool)
        difference = compare_arms(bundle.arm, arm)
        if not difference.is_same_kind:
            raise BundleError(
                bundle.folder,
                f'made for another arm than {arm.name!r}: {", ".join(difference.poses)}',
                'solve without a network (IkSolver.from_urdf, solve --urdf), or train one',
            )
        if calibration is None:
            return arm
    assert calibration is not None  # noqa: S101 - one of the two is given
    return calibrator(calibration)(text, base_frame=base, tool_frame=tool)
