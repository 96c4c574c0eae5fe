"""Draw the registered pipeline: a box for each step, in its own words, and the datasets that it hands on.

    python docs/draw_dag.py             write docs/images/curate.svg
    python docs/draw_dag.py --check     exit code 1 when the picture is not that of the code

Steps, datasets and arrows come from the pipeline; the sentence in a box is the first one of the module that does the work.
"""

import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "curate.svg"
COLUMNS = 4
BOX, GAP, MARGIN, ROW_GAP = 226, 42, 26, 58
LINE, PILL, HEAD = 17, 25, 34
LIBRARIES = ("sources", "benchmarks", "recipes", "systems")
REPORT = "report"  # it reads everything: no arrow of its own says anything

STYLE = """
svg { --page: #ffffff; --box: #f6f8fa; --edge: #d0d7de; --text: #1f2328; --soft: #59636e; --arrow: #818b98;
  --c02: #0969da; --c03: #9a6700; --c04: #1a7f37; --c07: #8250df;
  font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --box: #161b22; --edge: #3d444d; --text: #f0f6fc; --soft: #9198a1; --arrow: #9198a1;
    --c02: #4493f8; --c03: #d29922; --c04: #3fb950; --c07: #ab7df8; } }
.page { fill: var(--page); } .box { fill: var(--box); stroke: var(--edge); }
text { fill: var(--text); } .name { font-weight: 650; font-size: 17px; } .soft { fill: var(--soft); }
.pill { fill: none; stroke-width: 1.4; } .data { font-size: 12.5px; font-family: ui-monospace, "SF Mono", Menlo, monospace; }
.arrow { fill: none; stroke: var(--arrow); stroke-width: 1.6; } .tip { fill: var(--arrow); }
.c02 { stroke: var(--c02); } .c03 { stroke: var(--c03); } .c04 { stroke: var(--c04); } .c07 { stroke: var(--c07); }
"""


@dataclass
class Box:
    """A step, and where it stands."""

    name: str
    told: list[str]
    libraries: list[str]
    datasets: list[str]
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        """From the top edge to the bottom edge."""
        return HEAD + LINE * (len(self.told) + bool(self.libraries)) + PILL * len(self.datasets) + 12

    @property
    def middle(self) -> float:
        """Where arrows begin and end."""
        return self.y + HEAD / 2 + 3


def step_of(node: Any) -> str:
    """The last word of a node's namespace."""
    return str(node.namespace).rpartition(".")[2]


def links(nodes: list[Any]) -> dict[str, set[str]]:
    """For each step those that read what it writes, without the links that a longer way makes anyway."""
    maker = {made: step_of(node) for node in nodes for made in node.outputs}
    direct: dict[str, set[str]] = {step_of(node): set() for node in nodes}
    for node in nodes:
        for given in node.inputs:
            if given in maker and maker[given] != step_of(node):
                direct[maker[given]].add(step_of(node))

    def reached(step: str) -> set[str]:
        return direct[step].union(*map(reached, direct[step]))

    return {step: after - set().union(*map(reached, after)) for step, after in direct.items()}


def handed_on(nodes: list[Any], step: str) -> list[str]:
    """The datasets of a step that other steps read; where none does, those that it does not read itself."""
    made = [name for node in nodes if step_of(node) == step for name in node.outputs]
    read = {name: {step_of(node) for node in nodes if name in node.inputs} for name in made}
    main = [name for name in made if read[name] - {step, REPORT}]
    return main or [name for name in made if step not in read[name]]


def ranks(after: dict[str, set[str]]) -> list[list[str]]:
    """Steps by the longest way to them."""
    depth = dict.fromkeys(after, 0)
    for _ in after:
        for step, followers in after.items():
            for follower in followers:
                depth[follower] = max(depth[follower], depth[step] + 1)
    return [sorted(step for step in after if depth[step] == rank) for rank in range(max(depth.values()) + 1)]


def boxes_of(nodes: list[Any]) -> dict[str, Box]:
    """A box for each step."""
    found = {}
    for step in dict.fromkeys(map(step_of, nodes)):
        mine = [node for node in nodes if step_of(node) == step]
        modules = {node.func.__module__.rpartition(".")[2]: inspect.getmodule(node.func) for node in mine}
        module = modules.get(step) or list(modules.values())[-1]
        sentence = " ".join((module.__doc__ or "").split("\n\n")[0].split()).partition(": ")[2]
        sentence = sentence[:1].upper() + sentence[1:].split(". ")[0].rstrip(".") + "."
        given = {name.removeprefix("params:") for node in mine for name in node.inputs}
        libraries = [name for name in LIBRARIES if name in given and step != REPORT]
        found[step] = Box(step, textwrap.wrap(sentence, 30), libraries, handed_on(nodes, step))
    return found


def place(boxes: dict[str, Box], after: dict[str, set[str]]) -> tuple[float, float]:
    """Put the boxes in rows, left to right; returns the size of the whole."""
    columns = ranks(after)
    top: float = MARGIN
    for first in range(0, len(columns), COLUMNS):
        row = columns[first : first + COLUMNS]
        height = max(sum(boxes[step].height for step in column) + 16 * (len(column) - 1) for column in row)
        for number, column in enumerate(row):
            y = top
            for step in column:
                boxes[step].x, boxes[step].y = MARGIN + number * (BOX + GAP), y
                y += boxes[step].height + 16
        top += height + ROW_GAP
    return 2 * MARGIN + COLUMNS * BOX + (COLUMNS - 1) * GAP, top - ROW_GAP


def arrows(boxes: dict[str, Box], after: dict[str, set[str]]) -> Iterator[str]:
    """A line with a tip for each link; one that ends a row turns back to the next row's beginning."""
    for step, followers in after.items():
        for follower in sorted(followers):
            a, b = boxes[step], boxes[follower]
            x1, y1, x2, y2 = a.x + BOX, a.middle, b.x - 7, b.middle
            if x2 > x1:
                bend = (x1 + x2) / 2
                path = f"M{x1},{y1} C{bend},{y1} {bend},{y2} {x2},{y2}"
            else:
                lane, r = b.y - ROW_GAP / 2, 9
                out, back = x1 + 13, b.x - 16
                path = (
                    f"M{x1},{y1} H{out - r} q{r},0 {r},{r} V{lane - r} q0,{r} {-r},{r} H{back + r} "
                    f"q{-r},0 {-r},{r} V{y2 - r} q0,{r} {r},{r} H{x2}"
                )
            yield f'<path class="arrow" d="{path}"/><path class="tip" d="M{x2 + 7},{y2} l-9,-4.5 v9 z"/>'


def drawn(box: Box, layers: dict[str, str]) -> Iterator[str]:
    """The box of a step."""
    yield f'<rect class="box" x="{box.x}" y="{box.y}" width="{BOX}" height="{box.height}" rx="9"/>'
    x, y = box.x + 13, box.y + 25
    yield f'<text class="name" x="{x}" y="{y}">{escape(box.name)}</text>'
    y += 4
    for line in box.told:
        y += LINE
        yield f'<text class="soft" x="{x}" y="{y}">{escape(line)}</text>'
    if box.libraries:
        y += LINE
        yield f'<text x="{x}" y="{y}">YAML: {escape(", ".join(box.libraries))}</text>'
    y += 9
    for name in box.datasets:
        css = f"c{layers[name][:2]}"
        yield f'<rect class="pill {css}" x="{x - 1}" y="{y}" width="{BOX - 24}" height="20" rx="10"/>'
        yield f'<text class="data" x="{x + 9}" y="{y + 14.3}">{escape(name)}</text>'
        y += PILL


def legend(layers: dict[str, str], width: float, y: float) -> Iterator[str]:
    """Which colour stands for which folder."""
    x: float = MARGIN
    for layer in sorted(set(layers.values())):
        yield f'<rect class="pill c{layer[:2]}" x="{x}" y="{y - 11}" width="26" height="14" rx="7"/>'
        yield f'<text class="soft" x="{x + 33}" y="{y}">data/{escape(layer)}</text>'
        x += 160
    told = "A step may also read what earlier steps handed on."
    yield f'<text class="soft" x="{width - MARGIN}" y="{y}" text-anchor="end">{told}</text>'


def draw() -> str:
    """The whole picture."""
    from polymath.pipeline_registry import register_pipelines

    nodes = register_pipelines()["curate"].nodes
    catalog = yaml.safe_load((ROOT / "conf/base/catalog/curate.yml").read_text("utf-8"))
    layers = {name: given["metadata"]["kedro-viz"]["layer"] for name, given in catalog.items() if not name.startswith("_")}
    boxes, after = boxes_of(nodes), links(nodes)
    width, height = place(boxes, after)
    parts = [*arrows(boxes, after)]
    for box in boxes.values():
        parts += drawn(box, layers)
    parts += legend(layers, width, height + 34)
    steps = ", ".join(step for rank in ranks(after) for step in rank)
    label = f'role="img" aria-label="The steps of curate: {steps}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height + 52:g}" {label}>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width:g}" height="{height + 52:g}" rx="12"/>',
        *parts,
        "</svg>\n",
    ])  # fmt: skip


def main(words: list[str]) -> int:
    """Write the picture, or check it."""
    picture = draw()
    if "--check" in words:
        return int(not PICTURE.exists() or PICTURE.read_text("utf-8") != picture)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
