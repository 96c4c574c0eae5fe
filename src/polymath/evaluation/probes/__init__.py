"""Chat probes: small sets of prompts, each with scorers that say by a definition what a well-behaved reply is."""

from polymath.evaluation.probes.probe import Probes
from polymath.evaluation.probes.run import ProbeResult, run_probes
from polymath.evaluation.probes.tables import PROBE_SCORE, TRANSCRIPT, scores_table, transcripts_table

__all__ = ["PROBE_SCORE", "TRANSCRIPT", "ProbeResult", "Probes", "run_probes", "scores_table", "transcripts_table"]
