"""Programs that import nothing of this project, and what the real CLI did with them: the measure of the engine."""
