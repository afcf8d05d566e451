"""A small rotor for tests: Aliev-Panfilov cells, 1 ms and 1 mm per unit of time and space, cross-field stimuli."""

BEATS = ("activation", "repolarisation", "apd", "last_beat", "cycle_length", "velocity")
ALL = (*BEATS, "phase", "singularities", "dominant_frequency")

TEXT = """
[mesh]
generate = "{mesh}"
shape = {{ size = {size}, h = "1 mm" }}
[cells]
model = "aliev_panfilov_1996"
[cells.parameters]
"membrane.t_scale" = 1.0
"membrane.a" = 0.1
"recovery.eps0" = 0.01
[tissue]
until = "{until} ms"
dt = "0.1 ms"
[tissue.conductivity]
effective = ["1.4 S/m"]
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
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
"""
PHASE = '[output.phase]\norigin = "-30 mV"\ndelay = "2 ms"\nevery = "1 ms"\n'
FREQUENCY = '[output.frequency]\nlow = "15 Hz"\nhigh = "80 Hz"\nstep = "2.5 Hz"\nstart = "{start} ms"\n'


def rotor(mesh: str = "sheet", until: int = 240, measures: tuple[str, ...] = ALL, more: str | None = None) -> str:
    """The case's text: a sheet of 36 mm, or a slab of 36 x 36 x 2 mm."""
    size = ["36 mm", "36 mm"] + (["2 mm"] if mesh == "slab" else [])
    threshold = 'activation_threshold = "-30 mV"' if set(measures) & set(BEATS) else ""
    text = TEXT.format(mesh=mesh, size=size, until=until, measures=list(measures), threshold=threshold)
    return text + (PHASE + FREQUENCY.format(start=until - 140) if more is None else more)
