# IRSA Explorer. Each target does all the set-up it needs; nothing has to be installed first but Python 3.11+ and make.
#
#   make run      the app in simulated mode, on http://127.0.0.1:8501
#   make test     the checks and the whole test suite, with what they need (through apt where we are root)
#   make test-quick the tests without browser, clusters and worlds: a minute
#   make test-all the same, and what is large: tests marked so, and hypothesis searches as far as each test wants
#   make check    format, lint, types and import rules
#   make audit    known vulnerabilities of what is pinned; skipped where the database cannot be reached
#   make licences what licence each package that runs is under, into docs/licences.md
#   make sbom     what runs as a CycloneDX bill of materials, into sbom.cdx.json
#   make image    the container image with docker or podman, what is in it into image.cdx.json, and a test of it as it is to be run
#   make attack   what attacks do to the app, as a table: each for a minute, then 100,000 inputs of junk
#   make bench    the measured figures: walk, start, memory, change of step, the map, a room; as JSON into bench.json

SHELL := /bin/sh
python := .venv/bin/python

# Set-up leaves stamps, so that it is repeated only when the pinned requirements change.
app := .venv/installed-app
tools := .venv/installed-tools
aws := .venv-aws/installed
axe := tests/browser/node_modules/.package-lock.json

.PHONY: run test collected test-quick test-all check audit licences sbom image attack bench setup system-packages

run: $(app)
	@$(python) -m app serve

# Four workers on two cores, since the browser's tests wait much; to each a file of tests at a time, the browser's first.
# Many tests start Python: what one has compiled is there for the next one, whatever the shell says.
pytest := env -u PYTHONDONTWRITEBYTECODE $(python) -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

test: setup system-packages $(axe) check audit
	$(pytest) -m "not large"

# Where nothing is compiled yet, each worker would compile all tests: beside `check`, one does. `test` says what is wrong.
collected: $(tools)
	@$(pytest) --numprocesses 0 --collect-only --quiet >/dev/null || true

# What needs no browser, no server and no world, with few examples: for the minute before a commit.
test-quick: $(tools)
	$(pytest) --hypothesis-profile quick -m "not large" tests/unit tests/content

test-all: setup system-packages $(axe) check audit
	$(pytest) --hypothesis-profile all

check: $(tools)
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile

# No test: the suite asks nobody outside the machine.
audit: $(tools)
	@$(python) -m tools.audit

licences: $(tools)
	@$(python) -m tools.licences

sbom: $(tools)
	@$(python) -m tools.sbom

image: $(tools)
	@tools/image.sh
	$(python) -m pytest tests/image

attack: $(tools)
	@$(python) -m tests.attack

bench: $(tools)
	@$(python) -m bench

setup: $(tools) $(aws)

system-packages:
	@tools/system-packages.sh

# npm writes the stamp itself.
$(axe): tests/browser/package-lock.json | system-packages
	@tools/axe.sh tests/browser

$(python):
	@tools/venv.sh .venv

$(app): requirements.txt | $(python)
	@tools/install.sh .venv requirements.txt
	@touch $@

$(tools): requirements-dev.txt $(app)
	@tools/install.sh .venv requirements-dev.txt
	@touch $@

.venv-aws/bin/python:
	@tools/venv.sh .venv-aws

$(aws): requirements-aws.txt | .venv-aws/bin/python
	@tools/install.sh .venv-aws requirements-aws.txt
	@touch $@
