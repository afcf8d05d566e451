"""The case of the spiral check: a square sheet, a stimulus to one half, a second one across the tail of its wave."""

CELLS = """
[cells]
model = "aliev_panfilov_1996"
[cells.parameters]
"membrane.t_scale" = 1.0
"membrane.a" = 0.1
"recovery.eps0" = 0.01
"""  # 1 ms per unit of time
CASE = """
[mesh]
generate = "sheet"
shape = {{ size = ["50 mm", "50 mm"], h = "{h} mm" }}
{cells}
[tissue]
until = "{until} ms"
dt = "{dt} ms"
[tissue.conductivity]
effective = ["1.4 S/m"]
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "-1 mm"], max = ["50 mm", "25 mm", "1 mm"] }}
duration = "1 ms"
strength = "140000 uA/cm^3"
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "-1 mm"], max = ["25 mm", "50 mm", "1 mm"] }}
start = "31 ms"
duration = "1 ms"
strength = "140000 uA/cm^3"
[probes]
a = ["20 mm", "20 mm", "0 mm"]
b = ["35 mm", "5 mm", "0 mm"]
c = ["40 mm", "40 mm", "0 mm"]
d = ["12.5 mm", "32.5 mm", "0 mm"]
[output]
every = "10 ms"
trace_every = "0.1 ms"
measures = ["activation", "cycle_length", "singularities"]
activation_threshold = "-30 mV"
[output.phase]
origin = "-30 mV"
tip = "isoline"
"""


def aliev_panfilov(h: float, dt: float, until: float) -> str:
    """D = 1 mm^2/ms; stimuli and probes where Finitewave has them. 100 mV/ms for 1 ms lift u by 1."""
    return CASE.format(h=h, dt=dt, until=until, cells=CELLS)


HUMAN = """
[mesh]
generate = "sheet"
shape = { size = ["100 mm", "100 mm"], h = "0.25 mm" }
[cells]
model = "bueno_orovio_2008_tnnp"
scheme = "rush_larsen"
[tissue]
until = "1000 ms"
dt = "0.05 ms"
[tissue.conductivity]
effective = ["0.2156 S/m"]
[initial.rotor]
centre = ["50 mm", "50 mm", "0 mm"]
cycle_length = "340 ms"
[output]
every = "50 ms"
measures = ["activation", "cycle_length", "singularities"]
[output.phase]
tip = "isoline"
every = "2 ms"
"""  # D = 0.154 mm^2/ms as in ten Tusscher et al. 2004
