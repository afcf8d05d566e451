"""The files of others that the door is held against, and what must be found in each."""

from dataclasses import dataclass
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"


@dataclass(frozen=True)
class Expected:
    """What the door must find in a file; ``pulse`` is the file's own stimulus: (mV/ms, start, duration, period)."""

    v: str | None
    time: str = "ms"
    stimulus: str | None = None
    calcium: str | None = None
    pulse: tuple[float, float, float, float | None] | None = None


def _entry(v, time, stimulus, calcium, *pulse) -> Expected:
    return Expected(v, time, stimulus, calcium, pulse or None)


CORPUS = {
    "DiFrancescoNoble1985.cellml": _entry(
        "membrane.V", "s", "membrane.i_pulse", "intracellular_calcium_concentration.Cai"
    ),
    "LuoRudy1991.cellml": _entry(
        "membrane.V", "ms", "membrane.I_stim", "intracellular_calcium_concentration.Cai", 25.5, 100.0, 2.0, 1000.0
    ),
    "Mahajan2008.cellml": _entry("cell.V", "ms", "cell.i_Stim", "Ca.Ca_i", 15.0, 0.0, 3.0, 400.0),
    "Maleckar2008.cellml": _entry(
        "membrane.V", "s", "membrane.i_Stim", "intracellular_ion_concentrations.Ca_i", 6.2, 100.0, 6.0, 1000.0
    ),
    "TenTusscher2006Epi.cellml": _entry(
        "membrane.V", "ms", "membrane.i_Stim", "calcium_dynamics.Ca_i", 52.0, 50.0, 1.0, 1000.0
    ),
    "ToRORd_dynCl_endo.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 53.0, 0.0, 1.0, 1000.0
    ),
    "ToRORd_dynCl_epi.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 53.0, 0.0, 1.0, 1000.0
    ),
    "ToRORd_dynCl_mid.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 53.0, 0.0, 1.0, 1000.0
    ),
    "beeler_reuter_model_1977.cellml": _entry(
        "membrane.V", "ms", "stimulus_protocol.Istim", "slow_inward_current.Cai", 50.0, 10.0, 1.0, 1000.0
    ),
    "bueno_2007_endo.cellml": _entry("membrane.V", "ms", "membrane.i_stim", None, 0.5, 10.0, 1.0, 1000.0),
    "bueno_2007_epi.cellml": _entry("membrane.V", "ms", "membrane.i_stim", None, 0.5, 10.0, 1.0, 1000.0),
    "courtemanche_ramirez_nattel_1998.cellml": _entry(
        "membrane.V", "ms", "membrane.i_st", "intracellular_ion_concentrations.Ca_i", 20.0, 100.0, 2.0, 1000.0
    ),
    "fabbri_2017.cellml": _entry("Membrane.V_ode", "s", None, "Ca_dynamics.Cai"),
    "grandi_pasqualini_bers_2010_ss.cellml": _entry(
        "membrane_potential.V_m", "ms", "membrane_potential.i_Stim", "Ca_Concentrations.Ca_i", 9.5, 100.0, 5.0, 1000.0
    ),
    "hh_1952.cellml": _entry("membrane.V", "ms", "membrane.i_Stim", None, -20.0, 10.0, 0.5, None),
    "noble_1962.cellml": _entry("membrane.V", "ms", None, None),
    "ohara_rudy_2011_endo.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 80.0, 10.0, 0.5, 1000.0
    ),
    "ohara_rudy_2011_epi.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 80.0, 10.0, 0.5, 1000.0
    ),
    "ohara_rudy_cipa_v1_2017.cellml": _entry(
        "membrane.v", "ms", "membrane.Istim", "intracellular_ions.cai", 80.0, 10.0, 0.5, 1000.0
    ),
    "stewart_zhang_model_2008_ss.cellml": _entry("membrane.V", "ms", None, "calcium_dynamics.Ca_i"),
    "ten_tusscher_model_2006_M.cellml": _entry(
        "membrane.V", "ms", "membrane.i_Stim", "calcium_dynamics.Ca_i", 52.0, 100.0, 1.0, 1000.0
    ),
    "ten_tusscher_model_2006_endo.cellml": _entry(
        "membrane.V", "ms", "membrane.i_Stim", "calcium_dynamics.Ca_i", 52.0, 100.0, 1.0, 1000.0
    ),
    "aslanidi_Purkinje_model_2009.cellml": _entry(
        "membrane.V", "ms", "membrane.i_stim", "Ca_i.Ca_i", 80.0, 100.0, 1.0, 800.0
    ),
    "bondarenko_szigeti_bett_kim_rasmusson_2004_apical.cellml": _entry(
        "membrane.V", "ms", "membrane.i_stim", "calcium_concentration.Cai", 80.0, 0.0, 0.5, 71.43
    ),
    "carro_2011_endo.cellml": _entry(
        "membrane.V", "ms", "membrane.I_Stim", "Calcium_Concentrations.Ca_i", 40.0, 0.0, 1.0, 1000.0
    ),
    "clancy_rudy_2002.cellml": _entry(
        "membrane.V", "s", "membrane.I_st", "calcium_dynamics.Cai", 50.0, 3000.0, 2.0, 1000.0
    ),
    "corrias_purkinje_2011.cellml": _entry(
        "membrane.Vm", "ms", "membrane.i_stim", "membrane.Ca_i_bulk", 62.608696, 10.0, 0.5, 500.0
    ),
    "decker_2009.cellml": _entry("membrane.Vm", "ms", "membrane.i_Stim", "Ca.Ca_i", 80.0, 0.0, 0.5, 1000.0),
    "demir_model_1994.cellml": _entry(
        "membrane.V", "s", None, "intracellular_concentrations_and_buffer_equations.Ca_i"
    ),
    "dokos_model_1996.cellml": _entry("membrane.E", "s", None, "ion_concentrations.Cai"),
    "espinosa_model_1998_normal.cellml": _entry(
        "membrane.V", "s", "membrane.i_Stim", "intracellular_calcium_concentration.Ca_i", 18.947368, 100.0, 2.0, 500.0
    ),
    "faber_rudy_2000.cellml": _entry("cell.V", "ms", "cell.I_st", "calcium_dynamics.Cai", 25.5, 100.0, 2.0, 1000.0),
    "fink_noble_giles_model_2008.cellml": _entry("cell.V", "ms", "cell.i_Stim", "Ca.Ca_i", 12.0, 100.0, 3.0, 1000.0),
    "fox_mcharg_gilmour_2002.cellml": _entry(
        "membrane.V", "ms", "membrane.i_Stim", "calcium_dynamics.Ca_i", 80.0, 100.0, 1.0, 1000.0
    ),
    "hilgemann_noble_model_1987.cellml": _entry(
        "membrane.V", "s", "membrane.i_Stim", "intracellular_calcium_concentration.Ca_i", 33.333333, 100.0, 2.0, 1000.0
    ),
    "hodgkin-1952.mmt": _entry("membrane.V", "ms", "stimulus.Istim", None, 20.0, 5.0, 0.5, 30.0),
    "hund_rudy_2004.cellml": _entry("cell.V", "ms", "cell.i_Stim", "Ca.Ca_i", 15.0, 100.0, 3.0, 1000.0),
    "iyer_2004.cellml": _entry(
        "COMPUTE_CONCENTRATION_AND_VOLTAGE_DERIVATIVES.V",
        "ms",
        "I_stimulus.i_Stim",
        "COMPUTE_CONCENTRATION_AND_VOLTAGE_DERIVATIVES.Cai",
        15.0,
        100.0,
        3.0,
        1000.0,
    ),
    "kernik-2019.mmt": _entry("membrane.V", "ms", "stimulus.i_stim", "cai.Cai"),
    "kurata_model_2002.cellml": _entry("membrane.V", "ms", None, "intracellular_ion_concentrations.Cai"),
    "li_mouse_2010.cellml": _entry("cell.V", "ms", "cell.i_Stim", "calcium_concentration.Cai", 15.0, 0.0, 3.0, 333.333),
    "livshitz_rudy_2007.cellml": _entry("cell.V", "ms", "cell.i_Stim", "Ca.Ca_i", 15.0, 100.0, 3.0, 400.0),
    "logistic.mmt": _entry(None, "", None, None),
    "lotka-volterra.mmt": _entry(None, "", None, None),
    "trovato-2020.mmt": _entry("membrane.V", "ms", "stimulus.i_stim", "calcium.Ca_i", 66.0, 10.0, 0.5, 1000.0),
    "voigt-2013.mmt": _entry("membrane.V", "ms", "stimulus.i_stim", "calcium.Ca_i", 50.0, 50.0, 0.5, 1000.0),
}


def path_of(name: str) -> Path:
    """Where a file of the corpus lies."""
    return next(
        (p for p in REFERENCE.glob(f"*/{name}") if p.parent.name in ("cell_models", "import_corpus")), REFERENCE / name
    )
