"""Small model files of each format, written for the tests."""

MMT = """[[model]]
name: small
membrane.V = -75
gate.m = 0.05
[engine]
time = 0 [ms] bind time
    in [ms]
pace = 0 bind pace
[stimulus]
i_stim = engine.pace * amplitude
    in [uA/cm^2]
amplitude = -20 [uA/cm^2]
    in [uA/cm^2]
[membrane]
C = 1 [uF/cm^2]
    in [uF/cm^2]
dot(V) = -(sodium.i_Na + stimulus.i_stim) / C
    in [mV]
[sodium]
g = 12 [mS/cm^2]
    in [mS/cm^2]
i_Na = g * gate.m^3 * (membrane.V - 40 [mV])
    in [uA/cm^2]
[gate]
alpha = 0.1 [1/ms/mV] * (membrane.V + 40 [mV]) / (1 - exp(-(membrane.V + 40 [mV]) / 10 [mV]))
    in [1/ms]
beta = 4 [1/ms] * exp(-(membrane.V + 65 [mV]) / 18 [mV])
    in [1/ms]
dot(m) = alpha * (1 - m) - beta * m
[[protocol]]
# Level  Start    Length   Period   Multiplier
1.0      5.0      0.5      500.0    0
"""

_MATH = """<math xmlns="http://www.w3.org/1998/Math/MathML">
    <apply><eq/><apply><diff/><bvar><ci>time</ci></bvar><ci>V</ci></apply>
      <apply><divide/>
        <apply><minus/><apply><plus/><ci>i_leak</ci><ci>i_stim</ci></apply></apply>
        <ci>C</ci></apply></apply>
    <apply><eq/><ci>i_leak</ci>
      <apply><times/><ci>g</ci><apply><minus/><ci>V</ci><ci>E</ci></apply></apply></apply>
    <apply><eq/><ci>i_stim</ci><piecewise>
      <piece><cn {u}="nA">-3</cn><apply><and/>
        <apply><geq/><ci>time</ci><cn {u}="second">0.1</cn></apply>
        <apply><lt/><ci>time</ci><cn {u}="second">0.102</cn></apply></apply></piece>
      <otherwise><cn {u}="nA">0</cn></otherwise></piecewise></apply>
  </math>"""

_UNITS = """<units name="volt_here"><unit units="volt"/></units>
  <units name="nA"><unit units="ampere" prefix="nano"/></units>
  <units name="nF"><unit units="farad" prefix="nano"/></units>
  <units name="uS"><unit units="siemens" prefix="micro"/></units>"""

# V in volts, time in seconds, currents of the whole cell
CELLML_1 = f"""<?xml version="1.0"?>
<model name="small" xmlns="http://www.cellml.org/cellml/1.0#" xmlns:cellml="http://www.cellml.org/cellml/1.0#"
       xmlns:cmeta="http://www.cellml.org/metadata/1.0#">
  {_UNITS}
  <component name="environment"><variable name="time" units="second" public_interface="out"/></component>
  <component name="membrane">
  <variable name="time" units="second" public_interface="in"/>
  <variable name="V" units="volt_here" initial_value="-0.08" cmeta:id="the_voltage"/>
  <variable name="C" units="nF" initial_value="0.1"/>
  <variable name="g" units="uS" initial_value="0.01"/>
  <variable name="E" units="volt_here" initial_value="-0.07"/>
  <variable name="i_leak" units="nA"/>
  <variable name="i_stim" units="nA"/>
  {_MATH.format(u="cellml:units")}
  </component>
  <connection><map_components component_1="environment" component_2="membrane"/>
    <map_variables variable_1="time" variable_2="time"/></connection>
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
           xmlns:bqbiol="http://biomodels.net/biology-qualifiers/">
    <rdf:Description rdf:about="#the_voltage">
      <bqbiol:is rdf:resource="https://chaste.comlab.ox.ac.uk/cellml/ns/oxford-metadata#membrane_voltage"/>
    </rdf:Description>
  </rdf:RDF>
</model>
"""

CELLML_2 = f"""<?xml version="1.0"?>
<model name="small" xmlns="http://www.cellml.org/cellml/2.0#" xmlns:cellml="http://www.cellml.org/cellml/2.0#">
  {_UNITS}
  <component name="membrane">
  <variable name="time" units="second"/>
  <variable name="V" units="volt_here" initial_value="-0.08"/>
  <variable name="C" units="nF" initial_value="0.1"/>
  <variable name="g" units="uS" initial_value="0.01"/>
  <variable name="E" units="volt_here" initial_value="-0.07"/>
  <variable name="i_leak" units="nA"/>
  <variable name="i_stim" units="nA"/>
  {_MATH.format(u="cellml:units")}
  </component>
</model>
"""

SMALL = {"small.mmt": MMT, "small_1.cellml": CELLML_1, "small_2.cellml": CELLML_2}
