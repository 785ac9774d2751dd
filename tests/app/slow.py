"""The application with one page that takes its time."""

import time

from flask import Flask, request

from app import create_app


def create() -> Flask:
    app = create_app()

    @app.get("/slow")
    def slow() -> str:
        time.sleep(float(request.args["seconds"]))
        return "slow\n"

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("broken on purpose")

    return app
