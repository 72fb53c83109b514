"""What goes wrong with a request, as the client is told it."""


class RefusedError(Exception):
    """A request is refused: an HTTP status, a short code for programs and a sentence for people.

    Args:
        status: of the reply, 400 to 599.
        code: such as "too_large".
        detail: what was expected, what came, what to do.
        retry_after: seconds after which the same request may succeed; None if it never will.
    """

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, str]:
        """What the reply says."""
        return {"error": self.code, "detail": self.detail}

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to the reply."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
