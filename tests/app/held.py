"""A worker whose start can be held, to meet the server in the midst of it."""

import os
import time
from pathlib import Path

from app.worker import DrainingWorker


class HeldWorker(DrainingWorker):
    """The second one waits, forked but not yet with signal handlers of its own, until the file `$HOLD` is gone."""

    def init_process(self) -> None:
        hold = Path(os.environ["HOLD"])
        while self.age == 2 and hold.exists():
            time.sleep(0.05)
        super().init_process()
