"""The Flask application: twelve-factor, so everything that differs between deployments comes by the environment."""

from app.factory import create_app

__all__ = ["create_app"]
