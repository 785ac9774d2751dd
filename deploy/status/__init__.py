"""What the environments look like at this moment: for a terminal, for a program, and as a page."""
