"""The bundled study: a seeded generator of a stem-cell-islet trial, with the truth it was made from.

`generate` makes ISLET-1 in memory, `write` on disk (SDTM transport files, study.yaml, truth), `write_large` makes the
same trial with up to millions of subjects for benchmarks. Nothing here is a real person, product or dictionary.
"""

from simulation.generate import Trial, generate
from simulation.large import write_large
from simulation.parameters import Parameters
from simulation.planting import ErrorPlan, PlantedError
from simulation.write import write

__all__ = ["ErrorPlan", "Parameters", "PlantedError", "Trial", "generate", "write", "write_large"]
