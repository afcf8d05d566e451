"""A small rotor for tests: Aliev-Panfilov cells, 1 ms and 1 mm per unit of time and space, cross-field stimuli."""

from tools import TIGHT, mesh_text, tissue_text

from hpc_twin.verify.spiral_cases import CELLS

BEATS = ("activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity")
ALL = (*BEATS, "phase", "singularities", "dominant_frequency")

TEXT = """
{mesh}
{cells}
{tissue}
[[stimulus]]
node_set = "x0"
duration = "1 ms"
strength = "140000 uA/cm^3"
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "0 mm"], max = ["40 mm", "17 mm", "3 mm"] }}
start = "37 ms"
duration = "1 ms"
strength = "140000 uA/cm^3"
[output]
every = "10 ms"
measures = {measures}
{threshold}
{solver}
"""
PHASE = '[output.phase]\norigin = "-30 mV"\ndelay = "2 ms"\nevery = "1 ms"\n'
FREQUENCY = '[output.frequency]\nlow = "15 Hz"\nhigh = "80 Hz"\nstep = "2.5 Hz"\nstart = "{start} ms"\n'


def rotor(mesh: str = "sheet", until: int = 240, measures: tuple[str, ...] = ALL, more: str | None = None) -> str:
    """The case's text: a sheet of 36 mm, or a slab of 36 x 36 x 2 mm."""
    sections = {
        "mesh": mesh_text(mesh, (36, 36, 2) if mesh == "slab" else (36, 36), 1),
        "cells": CELLS,
        "tissue": tissue_text(until, effective=(1.4,)),
        "solver": TIGHT,
    }
    threshold = 'activation_threshold = "-30 mV"' if set(measures) & set(BEATS) else ""
    text = TEXT.format(**sections, measures=list(measures), threshold=threshold)
    return text + (PHASE + FREQUENCY.format(start=until - 140) if more is None else more)
