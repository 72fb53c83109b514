"""Writes a faulty program, or the mended one, as the script that a reader would have, for tools that read source.

The two sides stand in one function of ``mended``. Here ``mended`` is replaced by True or False and folded away, the
function's body becomes the script's, and the loop over epochs and batches stands below it in full, with the program's
own step written out in it.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAIN_STEP = """
optimizer.zero_grad()
loss = LOSS
loss.backward()
optimizer.step()
"""


class Fold(ast.NodeTransformer):
    """Replaces ``mended`` by a constant and leaves out what is then never reached."""

    def __init__(self, mended: bool | None) -> None:
        self.mended = mended

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.mended) if node.id == "mended" and self.mended is not None else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        known = isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant)
        return ast.Constant(not node.operand.value) if known else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        ends = isinstance(node.op, ast.Or)
        for number, value in enumerate(node.values):
            if isinstance(value, ast.Constant) and value.value is ends:
                return ast.Constant(ends) if number == 0 else node
        left = [value for value in node.values if not (isinstance(value, ast.Constant) and value.value is not ends)]
        return left[0] if len(left) == 1 else ast.BoolOp(node.op, left or node.values)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else (node.orelse or None)
        return node


def script(make: Callable[..., Any], mended: bool | None) -> str:
    """Return the source of one side of a program as a script with its loop."""
    original = inspect.unwrap(make)
    module = ast.parse(Path(inspect.getsourcefile(original)).read_text(encoding="utf-8"))
    others = [node for node in module.body if not getattr(node, "decorator_list", None)]
    function = ast.parse(textwrap.dedent(inspect.getsource(original))).body[0]
    body = Fold(mended).visit(ast.Module(function.body[1:], [])).body  # without the docstring, which tells
    *setup, last = [node for node in body if not isinstance(node, ast.Return)] + [body[-1]]
    steps = {node.name: node for node in setup if isinstance(node, ast.FunctionDef)}
    lines = ["import torch", *(ast.unparse(node) for node in others), "torch.manual_seed(0)"]
    lines += [ast.unparse(ast.fix_missing_locations(node)) for node in setup if node is not steps.get("train_step")]
    lines += [f"given = {ast.unparse(last.value) if isinstance(last, ast.Return) else '{}'}", *_names(last)]
    return "\n".join([*lines, _loop(steps)]) + "\n"


def _names(last: ast.stmt) -> list[str]:
    """Name what the loop uses, as written out as the call of `usual` allows."""
    lines = ["batches, valid = given['batches'], given.get('valid')"]
    call = last.value if isinstance(last, ast.Return) else None
    while isinstance(call, ast.BinOp):
        call = call.left
    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "usual":
        optimizer = next((word.value for word in call.keywords if word.arg == "optimizer"), None)
        made = ast.unparse(optimizer) if optimizer else "torch.optim.Adam(model.parameters(), lr=0.01)"
        words = [f"model = {ast.unparse(call.args[0])}", f"criterion = {ast.unparse(call.args[1])}"]
        return lines + words + [f"optimizer = {made}"]
    return [*lines, "model, criterion, optimizer = given['model'], given['loss_fn'], given['optimizer']"]


def _loop(steps: dict[str, ast.FunctionDef]) -> str:
    """Write the loop, with the body of the program's own step in it."""
    if "train_step" in steps:
        kept = [node for node in steps["train_step"].body if not isinstance(node, ast.Return)]
        step = "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in kept)
    else:
        loss = "step(model, batch)" if "step" in steps else "criterion(model(batch[0]), batch[1])"
        step = PLAIN_STEP.replace("LOSS", loss)
    start = "" if "train_step" in steps else "    model.train()\n"
    loop = f"for epoch in range(10):\n{start}    for batch in batches:\n{textwrap.indent(step.strip(), ' ' * 8)}"
    return loop + ("\n    print(evaluate(model, valid))" if "evaluate" in steps else "")
