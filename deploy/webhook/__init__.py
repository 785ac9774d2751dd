"""CI without a CI service: push events come in by HTTP, and the pipeline's jobs run one after another."""
