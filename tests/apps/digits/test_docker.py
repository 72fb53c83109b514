"""The container's files, read as text: building needs Docker, which the tests do without."""

import ast
import re
import shlex
import sys

import yaml

from book.notebooks import ROOT

FOLDER = ROOT / "apps" / "digits"
# The name on the package index -> the name in an import
PACKAGES = {
    "fastapi": {"fastapi", "starlette", "pydantic"},
    "httptools": {"httptools"},
    "numpy": {"numpy"},
    "onnxruntime": {"onnxruntime"},
    "pillow": {"PIL"},
    "prometheus-client": {"prometheus_client"},
    "python-multipart": {"python_multipart"},
    "scipy": {"scipy"},
    "uvicorn": {"uvicorn"},
}


def instructions():
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in lines]


def listed():
    lines = (FOLDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if not line.startswith("#")}


def imported():
    """The packages that the service imports, wherever in a file."""
    files = [FOLDER / "serve.py", FOLDER / "model_folder.py", ROOT / "helpers/deploy/session.py"]
    names = set()
    for path in [*files, *(FOLDER / "service").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"helpers", "apps"}


def test_the_image_installs_what_the_service_imports_and_no_more():
    assert listed() == set(PACKAGES)
    assert imported() <= set.union(*PACKAGES.values())
    assert all(PACKAGES[name] & imported() for name in listed() - {"python-multipart"})  # starlette imports that one


def test_every_instruction_is_known_and_every_copied_path_exists():
    known = {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in instructions()} <= known
    assert instructions()[0][0] == "FROM"
    copied = [path for name, rest in instructions() if name == "COPY" for path in shlex.split(rest)[:-1]]
    assert [path for path in copied if not path.startswith("_build/") and not (ROOT / path).exists()] == []
    kept = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert set(copied) == kept


def test_runs_as_nobody_and_starts_the_service():
    names = [name for name, _ in instructions()]
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users == ["10001"]
    assert names.index("USER") < names.index("CMD")
    command = ast.literal_eval(instructions()[-1][1])
    assert command[:3] == ["python", "-m", "apps.digits.serve"]
    assert not any(re.search("torch", rest) for _, rest in instructions())


def test_compose_grants_little():
    service = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]["digits"]
    assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).samefile(FOLDER / "Dockerfile")
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert {"mem_limit", "pids_limit", "stop_grace_period"} <= set(service)
