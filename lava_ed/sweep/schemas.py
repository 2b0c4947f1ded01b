"""What the file of a sweep holds, as a schema."""

from __future__ import annotations

from typing import Any

from lava_ed.files.schema import Amount, AtLeast, Count, Share


class TrialNotes(AtLeast):
    """What is kept of a trial that has ended."""

    number: Count
    accuracy: Share
    settings: dict[str, Any]
    seconds: Amount
    error: str | None
