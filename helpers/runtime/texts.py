"""Returns the text of a function or a class, so that a notebook can write it into a program."""

import ast
import inspect
from collections.abc import Callable


def text_of(part: Callable[..., object]) -> str:
    """Return the text of a function or a class as it stands in its file or its cell.

    ``inspect.getsource`` does this for functions, and for classes of a file. It does not find a class that a notebook
    defines, so a class is looked up in the text in which one of its methods stands.

    Args:
        part: a function, or a class that defines at least one method.

    Returns:
        The lines of its definition, without decorators if it is a class.

    Raises:
        ValueError: a class has no method by which its text can be found.
    """
    if not inspect.isclass(part):
        return inspect.getsource(part)
    methods = [value for value in vars(part).values() if inspect.isfunction(value)]
    if not methods:
        raise ValueError(f"{part.__name__} defines no method, so its text cannot be found.")
    lines, _ = inspect.findsource(methods[0])  # of the whole file, or of the whole cell
    source = "".join(lines)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name == part.__name__:
            return f"{ast.get_source_segment(source, node)}\n"
    raise ValueError(f"{part.__name__} is not defined where its methods are.")
