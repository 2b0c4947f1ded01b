"""Lava processes: neurons, plastic synapses, encoders, readouts and the output error."""

from lava_ed.errors import LavaNotInstalledError

try:
    import lava.magma.core.process.process as _lava
except ImportError as error:
    raise LavaNotInstalledError(
        "lava_ed.proc needs lava-nc, which runs on Python 3.10 only: create the environment with Python 3.10, import "
        "lava_ed.graph first, which has Lava's front end, or train through NetworkSpec and the engine"
    ) from error

from lava_ed.proc.aft_if.models import PyAFTIFModelFixed
from lava_ed.proc.aft_if.process import AFTIF
from lava_ed.proc.aft_if_map.models import PyAFTIFMapModelFixed
from lava_ed.proc.aft_if_map.process import AFTIFMap
from lava_ed.proc.aft_lif.models import PyAFTLIFModelFixed
from lava_ed.proc.aft_lif.process import AFTLIF
from lava_ed.proc.aft_lif_map.models import PyAFTLIFMapModelFixed
from lava_ed.proc.aft_lif_map.process import AFTLIFMap
from lava_ed.proc.classifier.models import EDClassifierModel
from lava_ed.proc.classifier.process import EDClassifier
from lava_ed.proc.encoder.models import PyEncoderModelFixed, PyLabelsModelFixed
from lava_ed.proc.encoder.process import Encoder, Labels
from lava_ed.proc.event_source.models import PyEventSourceModelFixed
from lava_ed.proc.event_source.process import EventSource
from lava_ed.proc.plastic_conv.models import PyPlasticConvModelFixed
from lava_ed.proc.plastic_conv.process import PlasticConv
from lava_ed.proc.plastic_dense.models import PyFeedbackDenseModelFixed, PyPlasticDenseModelFixed
from lava_ed.proc.plastic_dense.process import FeedbackDense, PlasticDense
from lava_ed.proc.readout.models import PyFirstSpikeReadoutModelFixed, PyMembraneReadoutModelFixed
from lava_ed.proc.readout.process import FirstSpikeReadout, MembraneReadout
from lava_ed.proc.softmax_error.models import PySoftmaxErrorModelFixed
from lava_ed.proc.softmax_error.process import SoftmaxError

del _lava

__all__ = [
    "AFTIF",
    "AFTLIF",
    "AFTIFMap",
    "AFTLIFMap",
    "EDClassifier",
    "EDClassifierModel",
    "Encoder",
    "EventSource",
    "FeedbackDense",
    "FirstSpikeReadout",
    "Labels",
    "MembraneReadout",
    "PlasticConv",
    "PlasticDense",
    "PyAFTIFMapModelFixed",
    "PyAFTIFModelFixed",
    "PyAFTLIFMapModelFixed",
    "PyAFTLIFModelFixed",
    "PyEncoderModelFixed",
    "PyEventSourceModelFixed",
    "PyFeedbackDenseModelFixed",
    "PyFirstSpikeReadoutModelFixed",
    "PyLabelsModelFixed",
    "PyMembraneReadoutModelFixed",
    "PyPlasticConvModelFixed",
    "PyPlasticDenseModelFixed",
    "PySoftmaxErrorModelFixed",
    "SoftmaxError",
]
