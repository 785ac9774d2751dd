"""What the user sees of a preview or an update."""

from engine.display.choice import choose
from engine.display.lines import Display
from engine.display.values import masked, text

__all__ = ["Display", "choose", "masked", "text"]
