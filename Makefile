# make demo        sets everything up, then runs the six notebooks headless on the demo's recordings
# make lab         sets everything up, then opens JupyterLab on copies of the notebooks with the
#                  demo's settings, or another profile's: make lab PROFILE=vago (vago lab --help)
# make test        sets everything up, then runs the tests
# make test-fast   the same without those marked slow: under three minutes
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo lab test test-fast setup clean
setup: .venv/.complete

.venv/.complete: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "vago needs Python 3.11 to 3.13, $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	# without its dependencies: webrtcvad must be compiled (webrtcvad-wheels is the same), `typing` is obsolete
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps resemblyzer
	touch $@

demo: setup
	$(BIN)/vago run demo

PROFILE := demo
lab: setup
	$(BIN)/vago lab $(PROFILE)

test: setup
	$(BIN)/python -m pytest

test-fast: setup
	$(BIN)/python -m pytest -m "not slow"

clean:
	rm -rf .venv outputs/demo
