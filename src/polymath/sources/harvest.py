"""Run as a script in a process of its own: the docstrings and functions of the standard library, or of an installed package.

Importing every module of the standard library has side effects (windows, signal handlers, output, warnings), so the process
that reads sources never does it: it starts this file with `python -I harvest.py [package]` and reads JSON lines, one a module.
Nothing here depends on where Python is installed, on the time or on hash order: equal Pythons harvest equal text.
"""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TextIO

STANDARD_LIBRARY = "stdlib"
# They open windows or browsers, print, or hold no text of their own (posix is os; a codec's docstrings are all the same).
SKIPPED = re.compile(
    r"(antigravity|this|idlelib|tkinter|turtle|turtledemo|lib2to3|distutils|ensurepip|msilib|nt|posix|pydoc_data"
    r"|encodings\..+|test|.+\.(tests?|testing|conftest))(\..+)?"
)
# A class made by a factory has its own signature for a docstring; the values in it may be addresses or paths.
SIGNATURE_ALONE = re.compile(r"[\w.]+\(.*\)", re.DOTALL)
CODE_LINES = range(3, 61)
COMMENT_LINES = 2
"""A shorter comment is a remark on the line below it."""
# Terms of use stand at the head of many files in the same words; rulers and commented code hold no sentence.
NO_COMMENT = re.compile(r"copyright|licen[cs]e|vim:|coding[:=]", re.IGNORECASE)
SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")


def main(package: str, out: TextIO) -> None:
    """Write one JSON object a module: its name, its documented `things`, its `functions` and its `comments`."""
    names = sorted(sys.stdlib_module_names) if package == STANDARD_LIBRARY else [package]
    for module in _modules(names):
        tree, lines = _source(module)
        found = {"module": module.__name__, "things": list(_things(module))}
        found |= {"functions": list(_functions_in(tree, "", lines)), "comments": list(_comments(tree, lines))}
        out.write(json.dumps(found) + "\n")


def _modules(names: list[str]) -> Iterator[ModuleType]:
    """The modules and their public submodules in order of name; those that this machine cannot import are skipped."""
    for name in names:
        if name.rpartition(".")[2].startswith("_") or SKIPPED.fullmatch(name):
            continue
        try:
            module = importlib.import_module(name)
        # A module may leave by SystemExit or raise something of its own making: whatever it does, the next one is tried.
        except BaseException:
            continue
        yield module
        if hasattr(module, "__path__"):
            yield from _modules(sorted(f"{name}.{part.name}" for part in pkgutil.iter_modules(module.__path__)))


def _things(module: ModuleType) -> Iterator[dict[str, str]]:
    """What a module documents: itself, its public functions and classes, their public methods and properties.

    A method that a class inherits is listed under each class that offers it, as `help()` does.
    """
    yield from _documented("", "module", module)
    for name, value in _public(module):
        if inspect.isclass(value):
            yield from _documented(name, "class", value)
            for part in dir(value):
                yield from _member(value, name, part)
        elif inspect.isroutine(value):
            yield from _documented(name, "function", value)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    listed = getattr(module, "__all__", None)
    for name in sorted(set(listed) if listed else vars(module)):
        value = _value(module, name)
        here = getattr(value, "__module__", None) == module.__name__
        if not name.startswith("_") and (listed or here):
            yield name, value


def _member(owner: type, owner_name: str, name: str) -> Iterator[dict[str, str]]:
    """A public method or property of a class; not what every exception inherits, which tells nothing about this one."""
    if name.startswith("_") or (issubclass(owner, BaseException) and hasattr(BaseException, name)):
        return
    value = _value(owner, name)
    if inspect.isroutine(value):
        yield from _documented(f"{owner_name}.{name}", "method", value)
    elif isinstance(value, property):
        yield from _documented(f"{owner_name}.{name}", "property", value)


def _value(owner: Any, name: str) -> Any:
    """What stands under a name; None for what cannot be had: a descriptor for instances alone, a module loaded on demand."""
    try:
        return getattr(owner, name)
    except Exception:
        return None


def _documented(name: str, kind: str, value: Any) -> Iterator[dict[str, str]]:
    doc = inspect.getdoc(value)
    if isinstance(doc, str) and doc.strip() and not SIGNATURE_ALONE.fullmatch(doc.strip()):
        yield {"name": name, "kind": kind, "doc": doc}


def _source(module: ModuleType) -> tuple[ast.Module, list[str]]:
    """A module's source file, parsed and line by line; nothing where it has none."""
    nothing = ast.Module([], [])
    path = getattr(module, "__file__", None)
    if not path or not path.endswith(".py"):
        return nothing, []
    with open(path, "rb") as file:
        source = file.read()
    try:
        return ast.parse(source), source.decode("utf-8").splitlines()
    except (SyntaxError, ValueError):  # another encoding, or a template that only looks like a module
        return nothing, []


def _comments(tree: ast.Module, lines: list[str]) -> Iterator[str]:
    """Comments of several lines, in file order. Those within documented functions are left to the functions' own code."""
    taken: set[int] = set()
    for node in ast.walk(tree):
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node)
        string = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if function or string:
            taken.update(range(node.lineno, (node.end_lineno or 0) + 1))  # type: ignore[attr-defined]
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        bare = line.strip()
        if bare.startswith("#") and number not in taken:
            block.append(bare.lstrip("#").strip())
            continue
        text = "\n".join(block).strip("\n")
        if len(block) >= COMMENT_LINES and SENTENCE.search(text) and not NO_COMMENT.search(text):
            yield text
        block = []


def _functions_in(node: ast.AST, prefix: str, lines: list[str]) -> Iterator[dict[str, str]]:
    """The documented functions and methods of a module's source file, in file order."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions_in(child, f"{prefix}{child.name}.", lines)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and (doc := ast.get_docstring(child)):
            yield from _function(child, prefix + child.name, doc, lines)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, doc: str, lines: list[str]) -> Iterator[dict[str, str]]:
    """A function's head and its code without the docstring, when that is neither trivial nor long."""
    first = node.body[0]
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    end, doc_end = node.end_lineno or 0, first.end_lineno or 0
    head, body = lines[start : first.lineno - 1], lines[doc_end:end]
    code = textwrap.dedent("\n".join([*head, *body]))
    # A string with text at the left margin keeps a method from being moved there; one-liners leave no head or no body.
    if head and body and len(head) + len(body) in CODE_LINES and not code[0].isspace():
        yield {"name": name, "head": textwrap.dedent("\n".join(head)), "doc": doc, "code": code}


def _end_with(parent: int) -> None:
    """A parent that is killed cannot tell: nobody would read what is harvested after it."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # What modules print while they are imported must not stand among the JSON lines.
    with open(os.dup(1), "w", encoding="ascii") as pipe:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        main(sys.argv[1], pipe)
    # Without the usual way out: threads and exit handlers of imported modules must not hold the process.
    os._exit(0)
