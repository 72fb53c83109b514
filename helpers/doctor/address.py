"""The program behind an address such as ``package.module:function``, or a sentence that says what is wrong with it."""

import importlib
import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.doctor.examine import examine
from helpers.doctor.probing.errors import in_a_line
from helpers.doctor.probing.program import ProgramError
from helpers.names import did_you_mean

TAKEN = tuple(inspect.signature(examine).parameters)
DICT = 'a dict of what examine takes, such as {"model": ..., "loss_fn": ..., "batches": ..., "optimizer": ...}'


def program_at(address: str) -> dict[str, Any]:
    """Return what ``examine`` is to be given: what the function at this address returns."""
    module, _, name = address.partition(":")
    dotted = re.sub(r"\.py$", "", module).strip("./\\").replace("/", ".").replace("\\", ".")
    if not module or not name.isidentifier() or dotted != module:
        right = f"{dotted or 'my_program'}:{name if name.isidentifier() else 'function'}"
        raise ProgramError(f"expected package.module:function, with dots and without .py, such as {right}")
    function = function_in(imported(module), name)
    try:
        given = function()
    except Exception as error:  # whatever the reader's function raises
        raise ProgramError(f"{name}() stopped by {_told(error)}; it has to run by itself first") from error
    return checked(given, name)


def imported(module: str) -> ModuleType:
    """Import the reader's module."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module or module.startswith(f"{error.name}."):
            where = f"in {Path.cwd()} or among what is installed"
            text = f"there is no module {error.name} {where}; go to the folder that the program's module lies in"
            raise ProgramError(text) from error
        raise ProgramError(f"{module} cannot be imported: {error}; install that, or mend its name") from error
    except Exception as error:  # whatever the reader's module raises
        raise ProgramError(f"{module} cannot be imported: {_told(error)}; it has to run by itself first") from error


def function_in(module: ModuleType, name: str) -> Callable[[], Any]:
    """Return a function that can be called with nothing."""
    own = [key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")]
    found = getattr(module, name, None)
    if not callable(found) or isinstance(found, type):
        came, all_of_them = f"it has no function {name}", f"it has {', '.join(own[:8]) or 'none'}"
        hint = did_you_mean(name, own, all_of_them)
        if hasattr(module, name):
            came, hint = f"{name} is of type {type(found).__name__}", all_of_them
        raise ProgramError(f"expected a function in {module.__name__}, but {came}; {hint}")
    needed = [
        one.name
        for one in inspect.signature(found).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if needed:
        raise ProgramError(
            f"expected a function without arguments, but {name} needs {' and '.join(needed)}; write one beside it that "
            f"calls {name} with them and returns {DICT}"
        )
    return found  # type: ignore[no-any-return]


def checked(given: Any, name: str) -> dict[str, Any]:
    """Return the dict that a function has returned, or say what it lacks."""
    if not isinstance(given, Mapping):
        raise ProgramError(f"expected {name}() to return {DICT}, got {type(given).__name__}")
    missing = [part for part in ("model", "batches") if part not in given]
    if missing:
        raise ProgramError(f"expected {' and '.join(missing)} in the dict of {name}(), got {_listed(given)}")
    for part in given:
        if part not in TAKEN:
            hint = did_you_mean(str(part), TAKEN, f"it takes {', '.join(TAKEN)}")
            raise ProgramError(f"examine takes no {part}, which {name}() returns; {hint}")
    return {"loss_fn": None, **given}


def _listed(names: Any) -> str:
    return ", ".join(map(str, names)) or "an empty one"


def _told(error: Exception) -> str:
    """Return type, words and place of an error."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{in_a_line(error, 200)} ({Path(last.filename).name}, line {last.lineno})"
