# make demo        sets everything up, then runs the six notebooks headless on the demo's recordings
# make lab         sets everything up, then opens JupyterLab on the notebooks; with PROFILE=vago on
#                  copies that hold that profile's parameters (outputs/<profile>/by_hand/)
# make test        sets everything up, then runs the tests
# make test-fast   the same without those marked slow: under three minutes
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo lab by-hand test test-fast setup clean
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
PAGES := $(basename $(notdir $(wildcard notebooks/*.ipynb)))
ifeq ($(PROFILE),demo)
BY_HAND := notebooks
lab: setup
else
BY_HAND := outputs/$(PROFILE)/by_hand
lab: setup by-hand
endif
	$(BIN)/jupyter lab $(BY_HAND)

by-hand: setup
	mkdir -p $(BY_HAND)
	for page in $(PAGES); do \
	  $(BIN)/papermill --prepare-only --log-level ERROR notebooks/$$page.ipynb $(BY_HAND)/$$page.ipynb \
	    -f params/$(PROFILE)/$$page.yaml || exit 1; done

test: setup
	$(BIN)/python -m pytest

test-fast: setup
	$(BIN)/python -m pytest -m "not slow"

clean:
	rm -rf .venv outputs/demo
