# Every target prepares its own virtual environment in .venv; the machine needs Python 3.11 or newer.
# `uv` makes that faster where it is installed. PROVIDER=… and MODEL=… choose what `make demo` talks
# to; ARGS=… is passed on to pytest, to the benchmark and
# to the soak.

VENV ?= .venv
EXTRAS ?= all
GROUP ?= dev
RUN := $(VENV)/bin/python
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

ifneq ($(shell uv --version 2>/dev/null),)
CREATE = uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
INSTALL = uv pip install --quiet --python $(RUN) $(if $(RESOLUTION),--resolution $(RESOLUTION))
else
CREATE = $(PYTHON) -m venv $(VENV) && $(RUN) -m pip install --quiet --upgrade 'pip>=25.1'
INSTALL = $(RUN) -m pip install --quiet
endif
NEED_PYTHON = test -n "$(PYTHON)" || \
	{ echo 'Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python.'; exit 1; }

.PHONY: help demo test test-previous test-lowest test-logfire fuzz types lint format docs check-docs bench bench-peers soak clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo     run examples/quickstart.py without a key; PROVIDER=openai make demo with yours'
	@echo 'make test     run the tests'
	@echo 'make test-previous  the same with the SDKs'"'"' previous major versions'
	@echo 'make test-lowest  the same with the oldest versions that are allowed; needs uv'
	@echo 'make test-logfire  those of tracing, with Logfire'
	@echo 'make fuzz     read thousands of spoilt replies of every provider; CASES=1000 tries fewer'
	@echo 'make types    check the types: pyright and mypy, both strict; of the docs with ty as well'
	@echo 'make lint     check style and formatting; `make format` repairs what it can'
	@echo 'make docs     build the documentation as a site, into site/'
	@echo 'make check-docs  the same, then walk through it in a headless Chromium'
	@echo 'make bench    measure the cost of a call against the bare SDK, its growth and memory, imports, templates'
	@echo 'make bench-peers  compare other libraries, each in an environment of its own; writes docs/benchmarks.md'
	@echo 'make soak     make 20,000 calls that go well, fail, are left and cancelled, and count what remains'
	@echo 'make clean    remove $(VENV) and caches'

$(VENV)/.demo: pyproject.toml
	@$(NEED_PYTHON)
	@echo 'Preparing $(VENV) (once)…'
	@$(CREATE)
	@$(INSTALL) -e '.[openai,anthropic,fast]'
	@touch $@

$(VENV)/.dev: pyproject.toml
	@$(NEED_PYTHON)
	@echo 'Preparing $(VENV) for development (once)…'
	@$(CREATE)
	@$(INSTALL) -e '.[$(EXTRAS)]' --group $(GROUP) $(PINS)
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	@$(RUN) examples/quickstart.py

# Tests wait for one another's sockets and processes, not for the processor alone.
WORKERS ?= 3

test: $(VENV)/.dev
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

PREVIOUS = 'openai<3' 'anthropic<2' 'google-genai<3' 'litellm<1.110' 'mistralai<3' 'cohere<7' 'pydantic<2.12'
# All but `mcp`, which needs a newer pydantic.
PREVIOUS_EXTRAS = openai,anthropic,azure,bedrock,cohere,google,groq,litellm,mistral,xai,fast,tenacity

test-previous:
	$(MAKE) test VENV=.venv-previous EXTRAS=$(PREVIOUS_EXTRAS) PINS="$(PREVIOUS)"

# The oldest version that pyproject.toml allows of each thing it names, a resolution that pip does
# not have. Types are not checked: they are those of the newest SDKs. LiteLLM is left out: its oldest
# version needs newer ones of `openai` and `aiohttp`, which would then not be tried.
LOWEST_EXTRAS = openai,anthropic,azure,bedrock,cohere,google,groq,mistral,xai,fast,mcp,tenacity,opentelemetry,rich

test-lowest:
	@uv --version >/dev/null 2>&1 || { echo '`make test-lowest` needs uv: pip install uv'; exit 1; }
	$(MAKE) test VENV=.venv-lowest EXTRAS=$(LOWEST_EXTRAS) RESOLUTION=lowest-direct ARGS='--ignore tests/test_typing.py $(ARGS)'

# Logfire comes with a plugin of pydantic, which loads it into every process: it has an environment of
# its own.
test-logfire:
	$(MAKE) test VENV=.venv-logfire EXTRAS=openai,anthropic,mistral,opentelemetry GROUP=logfire \
		WORKERS=0 ARGS='tests/integrations $(ARGS)'

# `make test` tries two hundred for each provider. ARGS='-k openai --hypothesis-seed=1' chooses.
CASES ?= 20000

fuzz: $(VENV)/.dev
	FUZZ_CASES=$(CASES) $(RUN) -m pytest -n $(WORKERS) --timeout 7200 tests/malformed $(ARGS)

types: $(VENV)/.dev
	$(VENV)/bin/pyright --pythonpath $(RUN)
	$(RUN) -m mypy
	$(RUN) docs/check_types.py
	$(RUN) -m ty check --quiet --python $(RUN) examples

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

$(VENV)/.docs: pyproject.toml
	@$(NEED_PYTHON)
	@echo 'Preparing $(VENV) for the documentation (once)…'
	@$(CREATE)
	@$(INSTALL) -e . --group docs
	@touch $@

# The variable silences a notice about MkDocs 2, which the range in pyproject.toml keeps out.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet

check-docs: docs
	$(RUN) docs/check_site.py site

bench: $(VENV)/.dev
	$(RUN) benchmarks/overhead.py $(ARGS)
	$(RUN) benchmarks/imports.py
	$(RUN) benchmarks/templates.py
	$(RUN) benchmarks/structured_streams.py
	$(RUN) benchmarks/scaling.py
	$(RUN) benchmarks/memory.py

bench-peers: $(VENV)/.dev
	$(RUN) benchmarks/peers.py $(ARGS)

soak: $(VENV)/.dev
	$(RUN) -W error benchmarks/soak.py $(ARGS)

clean:
	rm -rf $(VENV) .venv-previous .venv-lowest .venv-logfire site .pytest_cache .mypy_cache .ruff_cache .hypothesis
