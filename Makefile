# Every target works in a fresh clone: it makes its own virtual environment in .venv first.
# VIEW='--urdf my_arm.urdf' make view   passes arguments to neural_ik view.
# PYTHON=python3.12 make demo   uses another interpreter (3.10 to 3.13, Linux x86_64).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
VENV_BENCH := .venv-bench
BAGS := test/plain/replay/bags
BENCH := $(VENV_BENCH)/bin/python
BENCH_PIP := $(BENCH) -m pip --disable-pip-version-check

REPORTS := demo_report demo_bag replay_report replay_report_live evaluation_report example_output benchmark_report

.DEFAULT_GOAL := help
.PHONY: help setup setup-check setup-test demo view check plain test soak latency lint train evaluate examples \
  figures baseline bench bench-docs clean distclean

help:
	@echo 'make demo        track a path with node, simulated arm and target source; report in demo_report/'
	@echo 'make view        the arm in the browser: drag its tool'
	@echo 'make check       lint and the plain tests, without TensorFlow: before each commit'
	@echo 'make test        the whole suite: plain, learning, ros, launch (where ROS launch is installed)'
	@echo 'make soak        the long runs: fuzz, limits, kills, 1 kHz (SOAK_SECONDS=600; 20 for a short one)'
	@echo 'make latency     from pose to trajectory over DDS, beside an empty relay and a paced loop'
	@echo 'make lint        the pre-commit hooks (ruff, mypy --strict) and package.xml'
	@echo 'make train       train the shipped network again (about 30 minutes on two cores with KERAS_BACKEND=jax)'
	@echo 'make evaluate    measure the shipped networks; tables and pictures of the documentation'
	@echo 'make examples    run the examples and renew their pictures (some minutes)'
	@echo 'make bench       the solver beside its peers, the quick form (own environment in .venv-bench)'
	@echo 'make bench-docs  put the report of make bench into the documentation'
	@echo 'make baseline    store the replay of the reference bag as the new baseline (after a new network)'
	@echo 'make figures     the pictures of docs/images from a new demo'
	@echo 'make setup       only make the environment in .venv'
	@echo 'make clean       remove reports, build folders and caches; keeps training/ and the environments'
	@echo 'make distclean   make clean, and remove .venv and .venv-bench'

setup: $(VENV)/.run

setup-check: $(VENV)/.check

setup-test: $(VENV)/.test

$(VENV)/.run: setup.py constraints.txt pyproject.toml
	@echo 'Making $(VENV): ROS 2 Jazzy wheels, numba, LiteRT, Ruckig, matplotlib (about 1 GB, 1-2 minutes).'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo 'Python 3.10 or newer is needed; pass PYTHON=python3.12 to make'; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { rm -rf $(VENV); echo 'No venv module: sudo apt install python3-venv'; exit 1; }
	@$(PIP) install --constraint constraints.txt --editable '.[ros,plots,replay]'
	@echo 'Compiling the kernels.'
	@$(BIN)/python -c 'from neural_ik_ros import IkSolver; IkSolver.load().warm_up()'
	@touch $@

$(VENV)/.check: $(VENV)/.run
	@echo 'Adding to $(VENV): pinocchio, SciPy, pytest, ruff, mypy (about 0.5 GB, 1 minute).'
	@$(PIP) install --constraint constraints.txt --editable '.[test,lint,view]'
	@touch $@

$(VENV)/.test: $(VENV)/.check
	@echo 'Adding to $(VENV): TensorFlow, JAX, scikit-learn (about 2 GB, 1-3 minutes).'
	@$(PIP) install --constraint constraints.txt --editable '.[learning,test-learning,test-view]'
	@touch $@

$(VENV)/.view: $(VENV)/.run
	@echo 'Adding to $(VENV): viser, trimesh (about 60 MB).'
	@$(PIP) install --constraint constraints.txt --editable '.[view]'
	@touch $@

view: $(VENV)/.view
	$(BIN)/neural_ik view $(VIEW)

demo: setup
	$(BIN)/neural_ik demo

# Side by side: each keeps one core busy.
check: setup-check
	@$(MAKE) --no-print-directory --jobs=2 lint plain

plain: setup-check
	$(PYTEST) test/plain

test: setup-test
	$(PYTEST) test

soak: setup-test
	$(BIN)/python test/soak/run.py

latency: setup
	$(BIN)/python test/soak/latency.py

lint: setup-check
	$(BIN)/pre-commit run --all-files --show-diff-on-failure
	$(BIN)/python -c "from catkin_pkg.package import parse_package; parse_package('package.xml').validate()"

train: setup-test
	$(BIN)/neural_ik train --config config/learning/irb2400.yaml --output training/irb2400 --resume

evaluate: setup
	rm -rf evaluation_report
	$(BIN)/neural_ik evaluate --output evaluation_report
	mkdir -p docs/images
	cp evaluation_report/*.png docs/images/
	cp evaluation_report/results.json docs/results/evaluation.json
	$(BIN)/python docs/update_tables.py

examples: setup-test
	@for folder in examples/[0-9]*; do \
	  echo "== $$folder"; output=example_output/$${folder#examples/}; \
	  case $$folder in examples/06*) $(BIN)/python -c 'import moveit_msgs' 2> /dev/null \
	    || { echo 'left out: moveit_msgs is not installed'; continue; };; esac; \
	  $(BIN)/python $$folder/main.py --output $$output && cp $$output/picture.png $$folder/ \
	    || failed="$$failed $$folder"; \
	done; test -z "$$failed" || { echo "Failed, picture left as it was:$$failed"; exit 1; }

# The regression gate of test/plain/replay/test_replay_regression.py: what moves is seen in the diff.
baseline: setup
	$(BIN)/neural_ik replay $(BAGS)/reference --params-file $(BAGS)/reference.yaml --no-plots
	cp replay_report/report.json $(BAGS)/reference_baseline.json

figures: demo
	mkdir -p docs/images
	cp demo_report/path.png demo_report/error.png demo_report/latency.png docs/images/

# Peers bring a hundred packages that must not touch the versions of .venv; one that cannot be
# installed is left out, and the report says so.
$(VENV_BENCH)/.peers: setup.py constraints.txt benchmark/requirements.txt
	@echo 'Making $(VENV_BENCH): TensorFlow, pinocchio, MuJoCo and the peers (about 3 GB, 2-4 minutes).'
	@$(BENCH) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV_BENCH) \
	  || { rm -rf $(VENV_BENCH); echo 'No venv module: sudo apt install python3-venv'; exit 1; }
	@$(BENCH_PIP) install --constraint constraints.txt --editable '.[learning]'
	@grep '==' benchmark/requirements.txt | while read -r peer; do \
	  $(BENCH_PIP) install --constraint constraints.txt "$$peer" || echo "Left out: $$peer"; done
	@touch $@

bench: $(VENV_BENCH)/.peers
	$(BENCH) -m benchmark.run --quick --output benchmark_report
	$(BENCH) -m pytest benchmark

bench-docs:
	$(BENCH) -m benchmark.report.update_docs benchmark_report

clean:
	rm -rf $(REPORTS) build install log *.egg-info benchmark/cache
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -path './$(VENV)*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) $(VENV_BENCH)
