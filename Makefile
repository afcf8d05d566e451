# make            what there is to make
# Everything is built in .venv; .ci/setup says how. RANKS=4 make run takes four ranks;
# WORKERS=4 make test runs the files of four tests at a time.
.DEFAULT_GOAL := help
RANKS ?= 2
WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready
HEARTBEAT := results/heartbeat

# More ranks than cores are welcome: a laptop with one core runs the heartbeat, too.
export OMPI_MCA_rmaps_base_oversubscribe := 1
export PRTE_MCA_rmaps_default_mapping_policy := :oversubscribe
ifeq ($(shell id -u),0)
# Root, mostly in a container: mpirun wants to be told twice, and ranks there may not read each other's memory.
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
export OMPI_MCA_btl_vader_single_copy_mechanism := none
endif

.PHONY: help setup run test slurm slurm-stop lint bench verify models imports kills doctor clean

help:  ## print this
	@echo "hpc_twin: human twins on a laptop or a supercomputer. Start with: make run"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## install what is missing (asks for sudo when packages of the system are)

$(READY): setup.cfg pyproject.toml .ci/setup .ci/numpy1.txt
	@.ci/setup
	@touch $@

run: $(READY)  ## set up, compute one heartbeat on two ranks, draw it
	mpirun -n $(RANKS) $(BIN)/hpc-twin run jobs/heartbeat/case.toml --out $(HEARTBEAT) --overwrite
	$(BIN)/hpc-twin view $(HEARTBEAT)

test: $(READY)  ## set up and run all tests, those on several ranks too (TESTS=tests/unit for some)
	@.ci/setup paraview
	@.ci/setup slurm
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

slurm: $(READY)  ## start a SLURM of this machine alone in .slurm, to learn with docs/slurm.md
	@.ci/setup slurm
	@slurm/local.sh start

slurm-stop:  ## end it, with its jobs
	@slurm/local.sh stop

lint: $(READY)  ## style, types and the floors of the package
	$(BIN)/ruff check hpc_twin tests
	$(BIN)/ruff format --check hpc_twin tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## time the parts of a run against this machine's memory bandwidth
	$(BIN)/python tests/bench/run.py

verify: $(READY)  ## everything beside exact solutions and benchmarks: writes docs/verification.md (30 minutes)
	mpirun -n $(RANKS) $(BIN)/hpc-twin verify all --out results/verify
	mpirun -n 3 $(BIN)/hpc-twin verify ranks --out results/verify
	sed 's|(\([a-z0-9_]*\.png\))|(pictures/verify_\1)|' results/verify/verification.md > docs/verification.md
	for f in results/verify/*.png; do cp $$f docs/pictures/verify_$$(basename $$f); done

models: $(READY)  ## every cell model against CVODE, and its cost: writes docs/cellmodels.md (15 minutes)
	$(BIN)/python tests/verify/library_table.py --cost

imports: $(READY)  ## 1500 damaged model files, and every file of the reference folder against CVODE (15 minutes)
	HPC_TWIN_FUZZ=1500 HPC_TWIN_CORPUS=all $(BIN)/python -m pytest -s tests/verify/test_fuzz_import.py \
	  tests/verify/test_import_corpus.py

kills: $(READY)  ## kill a run 50 times at random moments, until it is done all the same (5 minutes)
	HPC_TWIN_KILLS=50 $(BIN)/python -m pytest -s tests/restart/test_kill.py

doctor: $(READY)  ## what is installed, what is missing
	@$(BIN)/hpc-twin doctor

clean:  ## remove what make made: .venv, caches; results stay
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find hpc_twin tests -name __pycache__ -prune -exec rm -rf {} +
