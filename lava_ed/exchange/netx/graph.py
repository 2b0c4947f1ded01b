"""A netx net as Lava processes, wired as lava-dl wires them; needs lava-nc, not lava-dl."""

from __future__ import annotations

from typing import Any

from lava_ed.errors import ExchangeError, LavaNotInstalledError
from lava_ed.exchange.netx.fields import MAX_DELAY
from lava_ed.exchange.netx.network import NetxNetwork
from lava_ed.exchange.netx.program import BIAS_EXPONENT
from lava_ed.exchange.netx.synapse import fit_weights


def netx_processes(net: NetxNetwork, reset_interval: int) -> tuple[list[Any], list[Any]]:
    """Dense (DelayDense) and LIFReset processes of a net, connected in a chain.

    Parameters
    ----------
    net : NetxNetwork
    reset_interval : int
        See `netx_program`.

    Returns
    -------
    (synapses, neurons)
        One of each for every layer; ``synapses[0].s_in`` takes the input, ``neurons[-1].s_out`` gives the output.

    Raises
    ------
    LavaNotInstalledError
        If lava-nc is absent.
    ExchangeError
        If a layer is recurrent or a convolution, or neurons are no LIF neurons.
    """
    try:
        from lava.proc.dense.process import DelayDense, Dense
        from lava.proc.lif.process import LIFReset
    except ImportError as error:
        raise LavaNotInstalledError(
            "a graph of Lava processes needs lava-nc, which runs on Python 3.10 only; netx_program needs no Lava"
        ) from error
    if net.input_layer is not None or net.has_sigma_delta:
        raise ExchangeError(
            "a net with input neurons, or others than LIF: load the file with lava-dl's netx.hdf5.Network"
        )
    synapses: list[Any] = []
    neurons: list[Any] = []
    for k, layer in enumerate(net.synaptic_layers, start=1):
        if layer.weight_rec is not None or layer.kind == "conv":
            what = "a convolution" if layer.kind == "conv" else "recurrent"
            raise ExchangeError(f"layer {k} is {what}: load the file with lava-dl's netx.hdf5.Network")
        fitted = fit_weights(layer.synapses)
        how = {"weights": fitted.weights, "weight_exp": fitted.exponent, "num_weight_bits": fitted.bits}
        if layer.delay is None:
            synapses.append(Dense(**how))
        else:
            synapses.append(DelayDense(**how, delays=layer.delay, max_delay=MAX_DELAY))
        neurons.append(
            LIFReset(
                shape=(layer.size,),
                vth=layer.lif.v_th_mant,
                du=layer.lif.i_decay - 1,
                dv=layer.lif.v_decay,
                bias_mant=0 if layer.bias is None else layer.bias,
                bias_exp=BIAS_EXPONENT,
                reset_interval=reset_interval,
                reset_offset=k,
            )
        )
        if k > 1:
            neurons[-2].s_out.connect(synapses[-1].s_in)
        synapses[-1].a_out.connect(neurons[-1].a_in)
    return synapses, neurons
