"""Export: the mix of a track in the forms that others read. It reads what a run made, and changes nothing of it."""

from polymath.export.whole import FORMS, Exported, export_mix

__all__ = ["FORMS", "Exported", "export_mix"]
