"""A stack as plain YAML files, for tools that apply what is in git."""
