"""Time limits in seconds of work, so that a busy machine finds what an idle one does."""

import time

PATIENCE = 6  # waiting counts too, once it is so many times longer than the work may be


class Clock:
    """``over`` becomes True when this process has worked for so many seconds, or waited for many times as long."""

    def __init__(self, seconds: float) -> None:
        self.work = time.process_time() + seconds
        self.wait = time.monotonic() + PATIENCE * seconds

    @property
    def over(self) -> bool:
        """True when the time is up."""
        return time.process_time() > self.work or time.monotonic() > self.wait
