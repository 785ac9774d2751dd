"""What the user sees of a preview or an update."""

from engine.display.choice import choose
from engine.display.lines import Display

__all__ = ["Display", "choose"]
