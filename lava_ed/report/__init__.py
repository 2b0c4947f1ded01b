"""Reports: self-contained pages show a run, a model, a netx file or a comparison."""

from lava_ed.report.compare import write_comparison
from lava_ed.report.netx import report_netx
from lava_ed.report.page import Page
from lava_ed.report.run import report_model, report_run

__all__ = ["Page", "report_model", "report_netx", "report_run", "write_comparison"]
