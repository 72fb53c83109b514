"""Reads from the syntax tree of a cell what makes code hard to follow; STYLE.md has the reasons."""

import ast

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, *COMPREHENSIONS)


def calls(source: str) -> set[str]:
    """Return the names of the functions and methods that a cell calls."""
    functions = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {function.attr if isinstance(function, ast.Attribute) else ast.unparse(function) for function in functions}


def clever(source: str) -> list[str]:
    """Return the parts of a cell that a loop, a named function or plain arguments would say more clearly."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Lambda) and [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            found.append(f"lambda with a default: {ast.unparse(node)}")
        if isinstance(node, COMPREHENSIONS) and is_nested(node):
            found.append(f"nested comprehension: {ast.unparse(node)}")
        if isinstance(node, ast.Call):
            unpacked = [word.value for word in node.keywords if word.arg is None and isinstance(word.value, ast.Dict)]
            found += [f"dict unpacked into a call: **{ast.unparse(options)}" for options in unpacked]
    return found


def is_nested(comprehension: ast.AST) -> bool:
    """Say whether a comprehension loops twice, or holds another one."""
    inner = [node for node in ast.walk(comprehension) if node is not comprehension and isinstance(node, COMPREHENSIONS)]
    return len(comprehension.generators) > 1 or bool(inner)


def names_from_folded_cells(cells: list[tuple[str, str, bool]]) -> dict[str, set[str]]:
    """Return, by visible cell, the names that it uses and that folded cells alone have defined before it.

    A cell is its id, its source, and whether it is visible.
    """
    visible, folded, found = set(), set(), {}
    for id, source, is_visible in cells:
        read, bound = names(ast.parse(source))
        if is_visible:
            visible |= bound
            missing = read & (folded - visible)
            found |= {id: missing} if missing else {}
        else:
            folded |= bound
    return found


def names(scope: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that a cell, a function or a comprehension takes from around it, and those that it binds."""
    read, bound = set(), set()
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        if isinstance(node, SCOPES):
            read |= names(node)[0]
            continue
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.split(".")[0])
        waiting += ast.iter_child_nodes(node)
    return (read if isinstance(scope, ast.Module) else read - bound), bound


def printed(source: str) -> list[str]:
    """Return the texts that a cell prints as they stand in its source."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found += [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return found
