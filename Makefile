# make demo   sets everything up, then runs the six notebooks headless on the embedded demo voice
# make lab    sets everything up, then opens JupyterLab on the notebooks
# make test   sets everything up, then runs the tests
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo lab test setup clean
setup: .venv/.complete

.venv/.complete: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "vago needs Python 3.11 to 3.13, $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

demo: setup
	$(BIN)/vago run demo

lab: setup
	$(BIN)/jupyter lab notebooks

test: setup
	$(BIN)/python -m pytest

clean:
	rm -rf .venv outputs/demo
