"""``python -m lava_ed.cli``."""

import sys

from lava_ed.cli.main import main

sys.exit(main())
