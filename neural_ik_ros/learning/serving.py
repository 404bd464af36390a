# Copyright 2026 the neural_ik_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The solver with a bundle's network in front: what most users import."""

from __future__ import annotations

from pathlib import Path

from ..kinematics import arm_from_urdf
from ..solver import IkSolver as SolverCore
from ..solver import SolverOptions
from ..urdf_file import read_urdf
from .bundle import load_bundle
from .engines import make_engine
from .predictor import NetworkSeed


class IkSolver(SolverCore):
    """Exact joint angles, proposed by a trained network."""

    @classmethod
    def load(
        cls,
        bundle: Path | str | None = None,
        *,
        urdf: Path | str | None = None,
        engine: str = 'litert',
        options: SolverOptions | None = None,
    ) -> IkSolver:
        """
        Return a solver for the arm of a bundle, or for another geometry of that arm.

        :param bundle: Folder of a bundle; the shipped IRB2400 without one.
        :param urdf: File with a calibrated arm; the network stays, the answers are exact for it.
        :param engine: ``litert``, or ``keras`` where Keras is installed.
        :raises BundleError: If the bundle is not what its card says.
        :raises EngineError: If the engine is unknown or not installed.
        :raises UrdfError: If the URDF has no such arm.
        """
        loaded = load_bundle(None if bundle is None else Path(bundle))
        arm, card = loaded.arm, loaded.card
        if urdf is not None:
            text = read_urdf(Path(urdf))
            arm = arm_from_urdf(text, base_frame=card.base_frame, tool_frame=card.tool_frame)
        return cls(arm, NetworkSeed(make_engine(loaded, engine)), options)
