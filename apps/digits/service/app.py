"""The application: what each address answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from apps.digits.service import telemetry
from apps.digits.service.api_docs import describe, page_of
from apps.digits.service.middleware import Guard
from apps.digits.service.model import Model
from apps.digits.service.predict import Predictor
from apps.digits.service.refusals import RefusedError
from apps.digits.service.settings import Settings

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_NAMES = {404: ("not_found", "There is nothing at this address; /docs lists what there is.")}


def create_app(model: Model, settings: Settings) -> ASGIApp:
    """Return the service for a model, within bounds."""
    counts = telemetry.Telemetry(model.card)
    predictor = Predictor(model, settings, counts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        predictor.batcher.start()
        yield
        await predictor.stop()

    app = FastAPI(title="Digits", version="1", docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    _add_errors(app)
    _add_state(app, model, predictor, counts, settings)
    _add_pages(app)
    app.post("/predict", **describe(model, settings))(predictor.answer)
    paths = frozenset(route.path for route in app.routes if hasattr(route, "path"))
    return Guard(app, settings=settings, telemetry=counts, batcher=predictor.batcher, paths=paths)


def _add_errors(app: FastAPI) -> None:
    """Every error is JSON with a code and a sentence."""

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return JSONResponse(error.body, error.status, error.headers)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        code, detail = _NAMES.get(error.status_code, ("refused", str(error.detail)))
        return JSONResponse({"error": code, "detail": detail}, error.status_code, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, __: Exception) -> Response:
        detail = "The service failed on this request; its log says why."
        return JSONResponse({"error": "internal", "detail": detail}, 500)


def _add_state(
    app: FastAPI, model: Model, predictor: Predictor, counts: telemetry.Telemetry, settings: Settings
) -> None:
    """How it goes: for people, for Prometheus, and for whatever restarts a broken service."""

    @app.get("/healthz", summary="Is the service able to answer, and with which model?")
    async def healthz() -> Response:
        if not predictor.batcher.alive:
            raise RefusedError(503, "stopped", "The worker has stopped; restart the service.")
        card = model.card.model_dump(mode="json", exclude={"format", "input_name", "output_name", "reference"})
        limits = {name: getattr(settings, name) for name in ("max_body", "max_pixels", "max_images")}
        return JSONResponse({"status": "ok", "model": card, "limits": limits})

    @app.get("/metrics", summary="Counters in Prometheus's text format", response_class=Response)
    async def metrics() -> Response:
        counts.waiting.set(predictor.batcher.waiting)
        return Response(counts.text(), media_type=telemetry.CONTENT_TYPE)


def _add_pages(app: FastAPI) -> None:
    """The page to draw on, and the documentation; neither asks another host for anything."""
    files = {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.suffix in _TYPES}
    front = (_STATIC / "index.html").read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return HTMLResponse(front)

    @app.get("/static/{name}", include_in_schema=False)
    async def file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=_TYPES[Path(name).suffix])

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page_of(app.openapi()))
