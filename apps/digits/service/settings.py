"""The bounds within which the service works."""

from dataclasses import dataclass, field

from apps.digits.service.access import Access


@dataclass(frozen=True)
class Settings:
    """Every bound in one place; the command line sets those that a machine or a test may want to change.

    Attributes:
        max_body: of a request, in bytes; reading stops there.
        max_images: in one request.
        max_pixels: of an uploaded picture, checked before it is decoded.
        batch_size: images that the model sees at once, at most.
        batch_wait: seconds that a batch waits for requests that are on their way; one that is alone never waits.
        max_waiting: requests that may wait for an answer; beyond, they are shed with 503.
        max_connections: open at once; beyond, they are closed.
        max_chunks: of one body that comes in chunks; the work is by the chunk, however small it is.
        header_timeout: seconds for a request's head to arrive.
        body_timeout: seconds for its body to arrive.
        answer_timeout: seconds for everything; a client that reads too slowly is cut off.
        threads: that one run of the model may use.
        access: under which names the service is asked.
    """

    max_body: int = 2**20
    max_images: int = 32
    max_pixels: int = 4_000_000
    batch_size: int = 32
    batch_wait: float = 0.002
    max_waiting: int = 64
    max_connections: int = 512
    max_chunks: int = 4096
    header_timeout: float = 5.0
    body_timeout: float = 5.0
    answer_timeout: float = 20.0
    threads: int = 1
    access: Access = field(default_factory=Access)
