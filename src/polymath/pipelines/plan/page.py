"""Tell: the plan as one HTML page."""

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.plan.config import Asked, PlanConfig
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder

VERSION = 2


def write_plan_page(
    training_plan: ShardFolder,
    iso_flop_curves: ShardFolder,
    memory_needs: ShardFolder,
    plan: PlanConfig,
    hardware: GPUs,
    models: Shapes,
    engine: EngineConfig,
) -> Plan:
    """One page: iso-FLOP curves, other choices for the same budget, what the mix allows, memory, where published models lie."""
    from polymath.reporting.plan.page import write_page

    asked = Asked.of(plan, hardware, models)
    made = {"training_plan": training_plan, "iso_flop_curves": iso_flop_curves, "memory_needs": memory_needs}
    item = Item("plan", tuple(made.values()), training_plan.rows)
    inputs = {name: folder.digest for name, folder in made.items()}
    return Plan("tell", write_page, (item,), asked, VERSION, engine=engine, inputs=inputs)
