# make help lists what there is. The logic is in npm scripts and in the program; here is what depends on what.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Debian keeps iptables, ip and nats-server where an ordinary user's PATH does not look.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/sbin

BERTH     := node dist/src/main.js
JEST      := NODE_OPTIONS='--experimental-vm-modules --disable-warning=ExperimentalWarning' jest
CACHE     := node_modules/.cache/berth
RESULTS   := $(CACHE)/test-results.json
INSTALLED := node_modules/.berth-installed
BUILT     := dist/.berth-built
# Folders too, so that a deleted file also makes the build old.
SOURCES   := $(shell find src migrations 2>/dev/null) nest-cli.json package.json tsconfig.json tsconfig.build.json

.PHONY: help run demo test fuzz bench check lint typecheck unit generated dev build openapi docs format clean tools test-tools

help: ## Print this list
	@echo 'make run      fresh clone to a ready Berth on http://127.0.0.1:8000, in one command'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / && $$1 != "run" { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BUILT) ## Install, build and start everything for a lab; Ctrl-C stops it, data stay in .berth
	@exec $(BERTH) up

demo: test-tools $(BUILT) ## (root, Linux) Show a claim become a working TCP connection, in network namespaces
	@exec $(BERTH) demo

dev: $(INSTALLED) ## Like run, and restart API and gateway whenever a source changes
	@rm -rf dist; nest build --watch --preserveWatchOutput & compiler=$$!; \
	trap 'kill $$compiler 2>/dev/null' EXIT; trap : INT TERM HUP; \
	until [ -e dist/tsconfig.build.tsbuildinfo ] || ! kill -0 $$compiler 2>/dev/null; do sleep 0.2; done; \
	$(BERTH) up --watch

build: $(BUILT) ## Compile to dist/

check: lint typecheck unit generated ## What to run before a commit: lint, types, unit tests, generated files current

lint: $(INSTALLED)
	@npm run --silent lint

typecheck: $(INSTALLED)
	@npm run --silent typecheck

unit: $(BUILT)
	@BERTH_TEST_NO_DATABASE=1 $(JEST) src

# What the code generates, beside what is committed: a file that has not changed is not touched, so nothing is built again.
GENERATE = mkdir -p $(CACHE) && $(BERTH) openapi > $(CACHE)/openapi.json && \
	$(BERTH) asyncapi > $(CACHE)/asyncapi.yaml && \
	openapi-typescript $(CACHE)/openapi.json -o $(CACHE)/schema.ts >/dev/null
PAIRS := $(CACHE)/openapi.json:openapi/openapi.json $(CACHE)/asyncapi.yaml:openapi/asyncapi.yaml $(CACHE)/schema.ts:src/cli/client/schema.ts

generated: $(BUILT)
	@$(GENERATE); for pair in $(PAIRS); do cmp -s "$${pair%%:*}" "$${pair##*:}" || \
		{ echo "$${pair##*:} is not what the code generates: run make openapi." >&2; exit 1; }; done

test: test-tools $(BUILT) lint typecheck ## Every test there is; ends with "N passed, N failed"
	@mkdir -p $(CACHE); rm -f $(RESULTS); status=0; \
	if [ "$$(id -u)" != 0 ]; then \
		export BERTH_TEST_NO_ROOT=1; \
		echo 'Not root: the tests that make network namespaces cannot run and count as skipped. For all of them: sudo make test'; \
	fi; \
	$(JEST) --json --outputFile=$(RESULTS) >/dev/null || status=$$?; \
	node test/support/summary.mjs $(RESULTS); exit $$status

fuzz: test-tools $(BUILT) ## Send requests made from the OpenAPI document; SECONDS=600 for how long
	@FUZZ_SECONDS=$(or $(SECONDS),60) $(JEST) test/fuzz

bench: $(BUILT) ## Measure; ONLY=<name> for one benchmark
	@exec node bench/run.mjs $(ONLY)

openapi: $(BUILT) docs ## Write openapi/, the CLI's client and docs/configuration.md anew from the code
	@$(GENERATE); for pair in $(PAIRS); do cmp -s "$${pair%%:*}" "$${pair##*:}" || cp "$${pair%%:*}" "$${pair##*:}"; done

docs: $(BUILT)
	@$(BERTH) config --markdown > docs/configuration.md

format: $(INSTALLED) ## Format and fix what tools can
	@npm run --silent format

clean: ## Remove what was built; node_modules and the data in .berth stay
	rm -rf dist coverage $(CACHE)

$(INSTALLED): package.json package-lock.json .npmrc
	@$(MAKE) tools
	@echo 'Installing the packages of package-lock.json ...'
	@npm ci --loglevel=error
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES)
	@echo 'Building ...'
	@npm run --silent build
	@touch $@

# One plain sentence for whatever is missing. The compiler is for raw-socket, which npm builds.
tools:
	@need() { command -v "$$1" >/dev/null 2>&1 || { echo "$$1 is missing: install it, on Debian or Ubuntu with: apt-get install $$2" >&2; exit 1; }; }; \
	command -v node >/dev/null 2>&1 || { echo 'Node.js is missing: install version 20.19 or newer from https://nodejs.org.' >&2; exit 1; }; \
	node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' || \
		{ echo "Node.js $$(node --version) is too old: install version 20.19 or newer from https://nodejs.org." >&2; exit 1; }; \
	need npm npm; need python3 python3; \
	command -v c++ >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 || need c++ g++

# What the tests and the demo start: installed when root may, named when not.
test-tools:
	@missing=''; \
	for pair in nats-server:nats-server iptables-restore:iptables ip:iproute2 conntrack:conntrack nft:nftables setpriv:util-linux named:bind9 nsupdate:bind9-dnsutils openssl:openssl fping:fping; do \
		command -v "$${pair%%:*}" >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then \
		echo "Missing:$$missing. Install them, on Debian or Ubuntu with: sudo apt-get install$$missing" >&2; exit 1; \
	fi; \
	echo "Installing$$missing ..."; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
