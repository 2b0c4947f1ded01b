"""The compiled loop for graphs with floating-point processes; those without run in `stock_interpreter`."""

from __future__ import annotations

from lava_ed.engine.families import opcodes as op
from lava_ed.engine.families.float_joins import real_clear, real_join, real_join_events, real_join_integers, real_list
from lava_ed.engine.families.float_lif import real_lif, real_sink, real_source
from lava_ed.engine.families.float_synapses import (
    real_conv,
    real_delay_dense,
    real_delay_sparse,
    real_dense,
    real_sparse,
)
from lava_ed.engine.families.monitor import real_monitor
from lava_ed.engine.op import CLOCK
from lava_ed.engine.stock_interpreter import learning_op, learns, plain_op
from lava_ed.kernels._jit import kernel


@kernel
def _real_op(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """Ops of floating-point models; `now` is Lava's time step."""
    code = a[0]
    if code == op.REAL_LIF:
        real_lif(a, i32, i64, f64, now)
    elif code == op.REAL_DENSE:
        real_dense(a, i32, f64)
    elif code == op.REAL_SPARSE:
        real_sparse(a, i32, f64)
    elif code == op.REAL_CONV:
        real_conv(a, i32, f64)
    elif code == op.REAL_DELAY_DENSE:
        real_delay_dense(a, i32, f64)
    elif code == op.REAL_DELAY_SPARSE:
        real_delay_sparse(a, i32, f64)
    elif code == op.REAL_SOURCE:
        real_source(a, i32, f64, now)
    elif code == op.REAL_SINK:
        real_sink(a, f64, now)
    elif code == op.REAL_MONITOR:
        real_monitor(a, f64, now)
    elif code == op.REAL_CLEAR:
        real_clear(a, f64)
    elif code == op.REAL_JOIN:
        real_join(a, i32, f64)
    elif code == op.REAL_JOIN_INTEGERS:
        real_join_integers(a, i32, f64)
    elif code == op.REAL_JOIN_EVENTS:
        real_join_events(a, i32, f64)
    elif code == op.REAL_LIST:
        real_list(a, i32, f64)


@kernel
def run_real_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run `steps` time steps; arguments as in `stock_interpreter.run_mixed_steps`.

    There are no phases, as processes of ours have fixed-point models only, and none beside floating-point ones.
    """
    for step in range(steps):
        now = time_step + step + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[0] >= op.REAL_CLEAR:
                _real_op(a, i32, i64, f64, now)
            elif learns(a[0]):
                learning_op(a, i16, i32, i64, f64, now, step)
            else:
                plain_op(a, i8, i16, i32, i64, now)
        progress[CLOCK] += 1
