# Every target works in a fresh clone: it makes its own virtual environment in .venv first.
# PYTHON=python3.12 make demo   uses another interpreter (3.10 to 3.13, Linux x86_64).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test lint train figures clean

help:
	@echo 'make demo   track a path with node, simulated arm and target source; report in demo_report/'
	@echo 'make test   the whole suite: plain, learning, ros'
	@echo 'make lint   the pre-commit hooks (ruff, mypy --strict) and package.xml'
	@echo 'make train  train the shipped network again (about 30 minutes on two cores)'
	@echo 'make setup  only make the environment in .venv'
	@echo 'make figures  the pictures of docs/images from a new demo'
	@echo 'make clean  remove .venv, caches and demo_report; keeps training/'

setup: $(VENV)/.run

setup-test: $(VENV)/.test

$(VENV)/.run: setup.py constraints.txt pyproject.toml
	@echo 'Making $(VENV): ROS 2 Jazzy wheels, numba, LiteRT, Ruckig, matplotlib (about 1 GB, 1-2 minutes).'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo 'Python 3.10 or newer is needed; say PYTHON=python3.12 make ...'; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { rm -rf $(VENV); echo 'No venv module: sudo apt install python3-venv'; exit 1; }
	@$(PIP) install --constraint constraints.txt --editable '.[ros,figures]'
	@echo 'Compiling the kernels.'
	@$(BIN)/python -c 'from neural_ik_ros import IkSolver; IkSolver.load().warm_up()'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo 'Adding to $(VENV): TensorFlow, scikit-learn, pinocchio, pytest, ruff, mypy (about 2 GB, 1-3 minutes).'
	@$(PIP) install --constraint constraints.txt --editable '.[learning,test,lint]'
	@touch $@

demo: setup
	$(BIN)/neural_ik demo

test: setup-test
	$(PYTEST) test

lint: setup-test
	$(BIN)/pre-commit run --all-files --show-diff-on-failure
	$(BIN)/python -c "from catkin_pkg.package import parse_package; parse_package('package.xml').validate()"

train: setup-test
	$(BIN)/neural_ik train --config config/learning/irb2400.yaml --output training/irb2400 --resume

figures: demo
	mkdir -p docs/images
	cp demo_report/path.png demo_report/error.png demo_report/latency.png docs/images/

clean:
	rm -rf $(VENV) build install log demo_report *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
