"""Tables of what plans are made from: scaling laws, processors, shapes of models."""

from made.basis import block, parameters, table


@block
def fits() -> str:
    """The scaling laws, and the tokens per parameter that each gives at 1e21 FLOP."""
    from polymath.planning.scaling import FITS

    rows = []
    for name, fit in FITS.items():
        size, tokens = fit.optimum(1e21)
        figures = (fit.floor, fit.size_factor, fit.data_factor, fit.size_power, fit.data_power)
        rows.append([f"`{name}`", *map(str, figures), f"{tokens / size:.0f}", fit.source])
    return table(["fit", "E", "A", "B", "α", "β", "tokens per parameter", "from"], rows)


@block
def hardware() -> str:
    """The kinds of processors."""
    from polymath.planning.budget import GPUs

    rows = [
        [f"`{name}`", f"{gpu.peak_flops / 1e12:g}", gpu.precision, f"{gpu.memory_gib:g}", f"{gpu.price:g}", gpu.source]
        for name, gpu in GPUs.model_validate(parameters()["hardware"]).root.items()
    ]
    return table(["kind", "peak, 10¹² FLOP/s", "in", "GiB", "USD an hour, assumed", "from"], rows)


@block
def models() -> str:
    """The shapes of models, the smallest first."""
    from polymath.planning.shapes import Shapes

    shapes = Shapes.model_validate(parameters()["models"]).root
    rows = [
        [
            f"`{name}`",
            f"{shape.parameters:,}",
            str(shape.anatomy.layers),
            str(shape.anatomy.hidden),
            f"{shape.learning_rate:g}",
            f"{shape.trained_tokens / 1e9:,.0f}" if shape.trained_tokens else "",
            shape.source,
        ]
        for name, shape in sorted(shapes.items(), key=lambda item: item[1].parameters)
    ]
    return table(["shape", "parameters", "layers", "width", "learning rate", "published: 10⁹ tokens", "from"], rows)
