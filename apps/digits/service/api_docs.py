"""What the service documents: OpenAPI for programs, and a page made from it for people.

FastAPI's own page loads its scripts from another host; this one is plain HTML.
"""

import json
from html import escape
from typing import Any

from apps.digits.service.decode import FIELD, FORMATS
from apps.digits.service.doubts import UNLIKE
from apps.digits.service.model import Model
from apps.digits.service.parse_json import PredictRequest
from apps.digits.service.settings import Settings


def describe(model: Model, settings: Settings) -> dict[str, Any]:
    """Return what FastAPI cannot know about /predict, since the body is read by hand and within bounds."""
    schema = PredictRequest.model_json_schema()
    schema["properties"]["images"]["maxItems"] = settings.max_images
    file = {"type": "string", "format": "binary", "description": f"one digit, as {', '.join(FORMATS)}"}
    form = {
        "type": "object",
        "required": [FIELD],
        "properties": {FIELD: file},
    }
    prediction = {"class": "1", "probability": 0.9, "probabilities": [0.1, 0.9], "doubts": [UNLIKE]}
    answer = {"classes": ["0", "1"], "predictions": [prediction]}
    height, width = model.image_shape
    return {
        "summary": f"Which digit is it? Images of {height} x {width} values as JSON, or one picture as a form",
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": schema}, "multipart/form-data": {"schema": form}},
            }
        },
        "responses": {
            200: {"description": "A prediction for each image", "content": {"application/json": {"example": answer}}},
            **{status: {"description": text} for status, text in _problems(settings).items()},
        },
    }


def _problems(settings: Settings) -> dict[int, str]:
    return {
        400: "The body is no JSON or no form",
        408: "The body came too slowly",
        413: f"The body has more than {settings.max_body} bytes",
        415: "The media type, or the picture's format, is not known",
        422: "The values are not images, or the picture is blank, damaged or too large",
        503: "Too many requests are waiting: try again after the seconds that Retry-After gives",
    }


def page_of(openapi: dict[str, Any]) -> str:
    """Return an HTML page that says what an OpenAPI description says."""
    parts = [
        _operation(path, method, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(openapi["info"]["title"])}: the interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="static/page.css">
<link rel="stylesheet" href="static/docs.css">
</head>
<body>
<main class="docs">
<h1>The interface</h1>
<p><a href="./">Draw a digit</a> · <a href="openapi.json">OpenAPI description</a> for programs</p>
<pre tabindex="0"><code>curl --form {FIELD}=@digit.png http://127.0.0.1:8000/predict</code></pre>
{"".join(parts)}
</main>
</body>
</html>
"""


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {})
    sent = [f"<h3>Send {escape(media)}</h3>{_code(content['schema'])}" for media, content in body.items()]
    rows = "".join(
        f"<tr><th scope='row'>{escape(status)}</th><td>{escape(response['description'])}</td></tr>"
        for status, response in operation["responses"].items()
    )
    examples = [
        f"<h3>Get {escape(media)}</h3>{_code(content['example'])}"
        for response in operation["responses"].values()
        for media, content in response.get("content", {}).items()
        if "example" in content
    ]
    return f"""<section>
<h2><code>{escape(method.upper())} {escape(path)}</code></h2>
<p>{escape(operation.get("summary", ""))}</p>
{"".join(sent)}{"".join(examples)}
<table><caption>Replies</caption><tbody>{rows}</tbody></table>
</section>
"""


def _code(value: object) -> str:
    return f"<pre tabindex='0'><code>{escape(json.dumps(value, indent=1))}</code></pre>"
