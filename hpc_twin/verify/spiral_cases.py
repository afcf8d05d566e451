"""The cases of the spiral check: square sheets, a wave from one edge, a second stimulus across its tail."""

CASE = """
[mesh]
generate = "sheet"
shape = {{ size = ["{side} mm", "{side} mm"], h = "{h} mm" }}
[cells]
{cells}
[tissue]
until = "{until} ms"
dt = "{dt} ms"
[tissue.conductivity]
effective = ["{sigma} S/m"]
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "-1 mm"], max = [{first}, "1 mm"] }}
duration = "1 ms"
strength = "140000 uA/cm^3"
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "-1 mm"], max = [{second}, "1 mm"] }}
start = "{start} ms"
duration = "1 ms"
strength = "140000 uA/cm^3"
[probes]
{probes}
[output]
every = "{every} ms"
trace_every = "{trace} ms"
measures = ["activation", "cycle_length", "singularities"]
activation_threshold = "{iso} mV"
[output.phase]
origin = "{iso} mV"
tip = "isoline"
"""
SMALL = """model = "aliev_panfilov_1996"
[cells.parameters]
"membrane.t_scale" = 1.0
"membrane.a" = 0.1
"recovery.eps0" = 0.01
"""


def aliev_panfilov(h: float, dt: float, until: float) -> str:
    """50 x 50 mm, D = 1 mm^2/ms; stimuli and probes where Finitewave has them. 100 mV/ms for 1 ms lift u by 1."""
    points = ((20, 20), (35, 5), (40, 40), (12.5, 32.5))
    words = {"side": 50, "cells": SMALL, "sigma": 1.4, "first": '"50 mm", "25 mm"', "second": '"25 mm", "50 mm"'}
    times = {"start": 31, "every": 10, "trace": 0.1, "iso": -30}
    return CASE.format(h=h, dt=dt, until=until, probes=_probes(points), **words, **times)


def tnnp(h: float = 0.5, dt: float = 0.1) -> str:
    """150 x 150 mm, D = 0.154 mm^2/ms as ten Tusscher et al. 2004."""
    points = ((100, 100), (20, 100), (100, 20), (60, 110))
    cells = 'model = "bueno_orovio_2008_tnnp"\nscheme = "rush_larsen"'
    words = {"side": 150, "cells": cells, "sigma": 0.2156, "first": '"1 mm", "150 mm"', "second": '"150 mm", "75 mm"'}
    times = {"start": 370, "until": 1100, "every": 50, "trace": 0.5, "iso": -40}
    return CASE.format(h=h, dt=dt, probes=_probes(points), **words, **times)


def _probes(points) -> str:
    return "\n".join(f'p{k} = ["{x} mm", "{y} mm", "0 mm"]' for k, (x, y) in enumerate(points))
