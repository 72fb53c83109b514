"""Reading a request's body within bounds of size and time."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from apps.digits.service.refusals import RefusedError


def check_head(request: Request, *, accepted: tuple[str, ...], max_body: int) -> str:
    """Refuse by the head alone what need not be read; return the media type.

    Args:
        request: its body has not been touched.
        accepted: media types.
        max_body: in bytes.

    Raises:
        RefusedError: 415, the media type or a content encoding is not known; 413, it announces too large a body.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in accepted:
        wanted = " or ".join(accepted)
        raise RefusedError(415, "unsupported_type", f"Expected Content-Type {wanted}.")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise RefusedError(415, "unsupported_encoding", "Send the body as it is; compressed bodies are not accepted.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > max_body):
        raise too_large(max_body)
    return media_type


async def read_body(request: Request, *, max_body: int, timeout: float) -> bytes:
    """Return the body.

    Args:
        request: its body has not been touched.
        max_body: in bytes; reading stops there, whatever the head announced.
        timeout: seconds for all of it.

    Raises:
        RefusedError: 413, it is too large; 408, it did not arrive in time; 400, the client has gone.
    """
    chunks, size = [], 0
    try:
        async with asyncio.timeout(timeout):
            async for chunk in request.stream():
                size += len(chunk)
                if size > max_body:
                    raise too_large(max_body)
                chunks.append(chunk)
    except TimeoutError as error:
        raise RefusedError(408, "slow", f"The body did not arrive within {timeout:g} seconds.") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "gone", "The client closed the connection before the body was complete.") from error
    return b"".join(chunks)


def too_large(max_body: int) -> RefusedError:
    """Return the refusal of a body beyond the limit."""
    return RefusedError(413, "too_large", f"The body may have {max_body} bytes at most; send fewer or smaller images.")
