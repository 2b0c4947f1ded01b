"""The overflow policy "raise" on Lava's own runtime.

A ProcessModel that raises leaves its neighbours waiting for messages, and with them the caller.  So
models only count in their Var ``overflows``, and the process that was asked to run looks there.
"""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import AbstractRunCondition
from lava.magma.core.run_configs import RunConfig
from lava.magma.runtime.runtime import Runtime

from lava_ed.errors import FixedPointOverflowError
from lava_ed.proc.walk import collect


class ChecksOverflow(AbstractProcess):
    """A process whose run ends in an error where a state of its graph left 24 bits under the policy "raise".

    The engine stops after the step in which that happens; Lava's runtime runs to the end first.
    """

    def run(
        self,
        condition: AbstractRunCondition,
        run_cfg: RunConfig | None = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        """Run the graph; after a blocking run, raise `FixedPointOverflowError` where a state left 24 bits."""
        super().run(condition, run_cfg, compile_config)
        if condition.blocking:
            self._raise_overflow()

    def wait(self) -> None:
        """Wait for the end of a run, and raise `FixedPointOverflowError` where a state left 24 bits."""
        super().wait()
        self._raise_overflow()

    def pause(self) -> None:
        """Pause a run, and raise `FixedPointOverflowError` where a state left 24 bits."""
        super().pause()
        self._raise_overflow()

    def _raise_overflow(self) -> None:
        # The engine raises by itself, and knows the step.
        if not isinstance(self.runtime, Runtime) or not self.runtime._is_started:
            return
        culprits = []
        for process in collect(self):
            if not hasattr(process, "overflows") or process.proc_params["overflow"] != "raise":
                continue
            count = int(process.overflows.get()[0])
            if count > process.overflows_seen:
                culprits.append(f"{process.name} ({count - process.overflows_seen})")
                process.overflows_seen = count
        if culprits:
            where = ", ".join(culprits)
            raise FixedPointOverflowError(
                f"states left their 24-bit register in {where}: lower the weights, the fan-in, the weight exponent or "
                'the window, raise the error shift, or choose overflow="wrap"'
            )
