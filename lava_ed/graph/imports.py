"""Modules with Lava's names, made of the classes of this package, where Lava is not installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from lava_ed.errors import BackendError

_HERE: Final = "lava_ed.graph"
_PORTS: Final = (
    "AbstractPort AbstractIOPort AbstractRVPort AbstractVirtualPort InPort OutPort RefPort VarPort ImplicitVarPort "
    "ReshapePort TransposePort ConcatPort"
)
_MODULES: Final = {
    "lava.magma.compiler.builders.py_builder": "models: OfLavasRuntime=PyProcessBuilder",
    "lava.magma.compiler.channels.pypychannel": "models: OfLavasRuntime=CspRecvPort OfLavasRuntime=CspSendPort",
    "lava.magma.compiler.utils": (
        "models: OfLavasRuntime=PortInitializer OfLavasRuntime=VarPortInitializer OfLavasRuntime=VarInitializer"
    ),
    "lava.magma.compiler.compiler_graphs": "models: ProcGroupDiGraphs",
    "lava.magma.compiler.exceptions": "models: NoProcessModelFound",
    "lava.magma.core.decorator": "models: implements requires tag",
    "lava.magma.core.learning.constants": "rules: GradedSpikeCfg",
    "lava.magma.core.learning.learning_rule": "rules: LoihiLearningRule Loihi2FLearningRule Loihi3FLearningRule",
    "lava.magma.core.learning.utils": "rules: float_to_literal",
    "lava.magma.core.model.model": "models: AbstractProcessModel",
    "lava.magma.core.model.py.model": "models: AbstractPyProcessModel PyLoihiProcessModel PyAsyncProcessModel",
    "lava.magma.core.model.py.ports": (
        "models: PyInPort PyOutPort PyRefPort OfLavasRuntime=RefVarTypeMapping OfLavasRuntime=IdentityTransformer "
        "OfLavasRuntime=VarPortCmd OfLavasRuntime=VirtualPortTransformer OfLavasRuntime=PyInPortVectorDense "
        "OfLavasRuntime=PyOutPortVectorDense"
    ),
    "lava.magma.core.model.py.type": "models: LavaPyType",
    "lava.magma.core.model.sub.model": "models: AbstractSubProcessModel",
    "lava.magma.core.process.ports.ports": f"members: {_PORTS} create_port_id",
    "lava.magma.core.process.process": "process: AbstractProcess LogConfig ProcessParameters Collection",
    "lava.magma.core.process.variable": "members: Var",
    "lava.magma.core.resources": "models: AbstractResource CPU HostCPU",
    "lava.magma.core.run_conditions": "runs: AbstractRunCondition RunSteps RunContinuous",
    "lava.magma.core.run_configs": (
        "runs: RunConfig AbstractLoihiRunCfg Loihi1SimCfg Loihi2SimCfg Loihi1HwCfg Loihi2HwCfg"
    ),
    "lava.magma.core.sync.protocol": "models: AbstractSyncProtocol",
    "lava.magma.core.sync.protocols.async_protocol": "models: AsyncProtocol",
    "lava.magma.core.sync.protocols.loihi_protocol": "models: LoihiProtocol",
    "lava.magma.runtime.mgmt_token_enums": (
        "models: OfLavasRuntime=MGMT_COMMAND OfLavasRuntime=enum_to_np OfLavasRuntime=enum_equal"
    ),
    "lava.magma.runtime.runtime": "models: OfLavasRuntime=Runtime",
    "lava.proc.atrlif.models": "other_neurons: PyATRLIFModelFloat PyATRLIFModelFixed",
    "lava.proc.atrlif.process": "other_neurons: ATRLIF",
    "lava.proc.conv.models": "synapses: PyConvModelFixed PyConvModelFloat",
    "lava.proc.conv.process": "synapses: Conv",
    "lava.proc.dense.models": (
        "synapses: PyDenseModelFloat PyDenseModelBitAcc PyDelayDenseModelFloat PyDelayDenseModelBitAcc "
        "PyLearningDenseModelFloat PyLearningDenseModelBitApproximate"
    ),
    "lava.proc.dense.process": "synapses: Dense DelayDense LearningDense",
    "lava.proc.graded.models": (
        "other_neurons: PyGradedVecModelFixed PyGradedReluVecModelFixed NormVecDelayModel InvSqrtModelFloat "
        "InvSqrtModelFP"
    ),
    "lava.proc.graded.process": "other_neurons: GradedVec GradedReluVec NormVecDelay InvSqrt",
    "lava.proc.io.dataloader": (
        "io: AbstractDataloader SpikeDataloader StateDataloader PySpikeModelFixed PySpikeModelFloat PyStateModelFixed "
        "PyStateModelFloat"
    ),
    "lava.proc.io.extractor": "io: Extractor PyLoihiExtractorModel PyLoihiExtractorModelAsync",
    "lava.proc.io.injector": "io: Injector PyLoihiInjectorModel PyLoihiInjectorModelAsync",
    "lava.proc.io.reset": "io: Reset PyResetFixed PyResetFloat",
    "lava.proc.io.sink": "io: Sink=RingBuffer PyReceiveModelFixed PyReceiveModelFloat",
    "lava.proc.io.source": "io: Source=RingBuffer PySendModelFixed PySendModelFloat",
    "lava.proc.io.utils": "io: ChannelConfig SendFull ReceiveEmpty ReceiveNotEmpty",
    "lava.proc.learning_rules.r_stdp_learning_rule": "rules: RewardModulatedSTDP",
    "lava.proc.learning_rules.stdp_learning_rule": "rules: STDPLoihi",
    "lava.proc.lif.models": (
        "neurons: PyLifModelFloat PyLifModelBitAcc PyLearningLIFModelFixed PyLearningLifModelFloat "
        "PyTernLifModelFloat PyTernLifModelFixed PyLifResetModelFloat PyLifResetModelBitAcc PyLifRefractoryModelFloat"
    ),
    "lava.proc.lif.process": "neurons: AbstractLIF LIF LearningLIF TernaryLIF LIFReset LIFRefractory",
    "lava.proc.monitor.models": "io: PyMonitorModel",
    "lava.proc.monitor.process": "io: Monitor",
    "lava.proc.prodneuron.models": "other_neurons: PyProdNeuronModelFixed",
    "lava.proc.prodneuron.process": "other_neurons: ProdNeuron",
    "lava.proc.resfire.models": "other_neurons: PyRFZeroModelFixed",
    "lava.proc.resfire.process": "other_neurons: RFZero",
    "lava.proc.rf.models": "other_neurons: PyRFModelFloat PyRFModelFixed",
    "lava.proc.rf.process": "other_neurons: RF",
    "lava.proc.rf_iz.models": "other_neurons: PyRF_IZModelFloat PyRF_IZModelFixed",
    "lava.proc.rf_iz.process": "other_neurons: RF_IZ",
    "lava.proc.s4d.models": "other_neurons: PySigmaS4dDeltaModelFloat S4dModel",
    "lava.proc.s4d.process": "other_neurons: S4d SigmaS4dDelta",
    "lava.proc.sdn.models": (
        "other_neurons: PySigmaModelFloat PySigmaModelFixed PyDeltaModelFloat PyDeltaModelFixed PySigmaDeltaModelFloat "
        "PySigmaDeltaModelFixed"
    ),
    "lava.proc.sdn.process": "other_neurons: ActivationMode Sigma Delta SigmaDelta",
    "lava.proc.sparse.models": (
        "synapses: PySparseModelFloat PySparseModelBitAcc PyDelaySparseModelFloat PyDelaySparseModelBitAcc "
        "PyLearningSparseModelFloat PyLearningSparseModelBitApproximate"
    ),
    "lava.proc.sparse.process": "synapses: Sparse DelaySparse LearningSparse",
    "lava.utils.sparse": "members: find",
    "lava.utils.weightutils": "rules: SignMode determine_sign_mode",
}
"""Lava's modules: the module here, and its names, with Lava's after "=" where that is another."""
_PACKAGES: Final = {".".join(name.split(".")[:depth]) for name in _MODULES for depth in range(1, name.count(".") + 1)}


def offered() -> dict[str, str]:
    """Name of each class and function of Lava that is offered → Lava's module of that name; ambiguous ones are not."""
    found: dict[str, list[str]] = {}
    for module, text in _MODULES.items():
        for here, name in _names_in(text):
            if here != "OfLavasRuntime":
                found.setdefault(name, []).append(module)
    return {name: modules[0] for name, modules in found.items() if len(modules) == 1}


def _names_in(text: str) -> list[tuple[str, str]]:
    """Name here and name in Lava of everything in an entry of the table."""
    pairs = [item.partition("=") for item in text.partition(": ")[2].split()]
    return [(here, lavas or here) for here, _, lavas in pairs]


class _Finder(MetaPathFinder, Loader):
    """Makes the modules of the table when they are imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module of the table; None for what is not Lava's."""
        if fullname.partition(".")[0] != "lava":
            return None
        if fullname not in _MODULES and fullname not in _PACKAGES:
            raise ModuleNotFoundError(_absent(fullname), name=fullname)
        return ModuleSpec(fullname, self, is_package=fullname in _PACKAGES)

    def exec_module(self, module: ModuleType) -> None:
        """Fill in the names."""
        text = _MODULES.get(module.__name__)
        if text is not None:
            source = import_module(f"{_HERE}.{text.partition(':')[0]}")
            for here, name in _names_in(text):
                setattr(module, name, getattr(source, here))
        if module.__name__ not in _PACKAGES:
            # Python asks a package for its modules in the same way.
            module.__getattr__ = partial(_refuse, module.__name__)  # type: ignore[method-assign]


def _absent(name: str) -> str:
    """What is said of a module, or of a name in one, that is not offered."""
    return (
        f"{name} is no part of {_HERE}, which stands in for lava-nc here; run this graph with lava-nc, on Python 3.10"
    )


def _refuse(module: str, name: str) -> Any:
    """Refuse a name of Lava's that a module has not; Python itself would not say why."""
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    raise ImportError(_absent(f"{module}.{name}"), name=module)


def lava_is_installed() -> bool:
    """Whether Python finds a lava-nc of its own."""
    package = PathFinder.find_spec("lava")
    folders = package.submodule_search_locations or [] if package is not None else []
    return any((Path(folder) / "magma").is_dir() for folder in folders)


def stand_in() -> None:
    """Let ``import lava…`` find the classes of this package from now on, also where lava-nc is installed.

    Raises
    ------
    BackendError
        If lava-nc was imported before.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "lava.magma" in sys.modules:
        raise BackendError("lava-nc was imported already: call stand_in() before anything imports it")
    sys.modules.pop("lava", None)
    sys.meta_path.insert(0, _Finder())
