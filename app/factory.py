"""The application factory."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from app import health, logs, metrics, requests, web
from app.settings import Settings


def create_app(env: Mapping[str, str] | None = None) -> Flask:
    """A new application. `env` stands in for the environment, for tests."""
    settings = Settings.read(os.environ if env is None else env)
    app = Flask(__name__)
    app.config.update(SECRET_KEY=settings.secret_key, SETTINGS=settings, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.jinja_env.keep_trailing_newline = True
    logs.configure(settings.log_level)
    requests.init_app(app)
    for part in (web, health, metrics):
        app.register_blueprint(part.blueprint)
    return app
