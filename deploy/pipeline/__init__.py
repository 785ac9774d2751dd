"""The pipeline that the project declares: the environments in their order, their smoke tests and their gates."""
