"""``python -m lava_ed.graph SCRIPT.py [ARGUMENT …]``: runs a Lava script as it is, without Lava."""

import runpy
import sys

from lava_ed.graph.imports import stand_in

if len(sys.argv) < 2:
    sys.exit("usage: python -m lava_ed.graph SCRIPT.py [ARGUMENT …]")
stand_in()
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
