"""Learning rules as plain descriptions, checked against the chip's limits."""

from lava_ed.learning_rules.baselines import SGBPTT, SSGD, RelPSPFixed, Renner
from lava_ed.learning_rules.limits import Limit, check, columns_limit, membrane_limit, report, sum_limit
from lava_ed.learning_rules.mpd_ed import MPDED, AggregatedMPDED
from lava_ed.learning_rules.rate import LearningRate
from lava_ed.learning_rules.rule import LearningRule, halvings
from lava_ed.learning_rules.std_ed import STDED
from lava_ed.learning_rules.timing import Timing

RULES: dict[str, type[LearningRule]] = {rule.name: rule for rule in (STDED, MPDED, RelPSPFixed, SSGD, SGBPTT, Renner)}
"""Every rule by the name that the command line and config.json use."""
TIMINGS: dict[str, Timing] = {r.timing.kind: r.timing for r in RULES.values()} | {
    AggregatedMPDED.timing.kind: AggregatedMPDED.timing
}
"""What each kind of schedule is, by its name."""

__all__ = [
    "MPDED",
    "RULES",
    "SGBPTT",
    "SSGD",
    "STDED",
    "TIMINGS",
    "AggregatedMPDED",
    "LearningRate",
    "LearningRule",
    "Limit",
    "RelPSPFixed",
    "Renner",
    "Timing",
    "check",
    "columns_limit",
    "halvings",
    "membrane_limit",
    "report",
    "sum_limit",
]
