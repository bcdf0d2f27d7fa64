# Every target works in a fresh clone with Node 20+, Go 1.26+, make, git and openssl.
.DEFAULT_GOAL := help
SHELL := /bin/sh

tsx := ./node_modules/.bin/tsx
sandbox := $(tsx) sandbox/cli.ts
installed := node_modules/.package-lock.json
# The module as it is built: anything that can change it builds it anew.
module := dist/pepr-module-capi-vip-allocator.yaml
sources := package.json package-lock.json tsconfig.json $(wildcard pepr.ts) $(shell find lib capabilities scripts -name '*.ts' 2>/dev/null)

# make up CAPD=1 MODULE=1 NAME=other
NAME ?= main
flags := --name $(NAME) $(if $(CAPD),--capd) $(if $(MODULE),--module)

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(installed) ## Watch a cluster get its VIP, from nothing to Available
	@$(tsx) demo/demo.ts

.PHONY: test
test: $(installed) ## Run every check and test, also against a real API server
	@$(MAKE) --no-print-directory -j2 check build toolchain
	npx jest --maxWorkers=3

# What rests on Cluster API itself; the tests of what breaks rest on the API server, and need no second run.
core := admission classes conditions given gitops ingress lifecycle manifest move outage pools recipes uninstall update webhook-order

.PHONY: compatibility
compatibility: export CLUSTER_API ?= v1.13.6
compatibility: $(installed) toolchain $(module) ## Run the core of the integration tests on an older Cluster API (CLUSTER_API=v1.13.6)
	npx jest --maxWorkers=2 $(core:%=test/integration/%.test.ts)

.PHONY: bench
bench: $(installed) $(module) ## Measure on a real API server (20 minutes; ARGS="--quick" for 4)
	@npm run --silent bench -- $(ARGS)

checks := check-types check-settings check-lint check-format
.PHONY: check $(checks)
check: $(checks) ## Compile, lint and check the format

$(checks): check-%: $(installed)
	npm run --silent check:$*

.PHONY: build
build: $(module) ## Build the module, its manifest and its chart into dist/

.PHONY: up
up: $(installed) $(if $(MODULE),$(module)) ## Start a sandbox that stays (CAPD=1, MODULE=1, NAME=main)
	@$(sandbox) up $(flags)

.PHONY: status
status: $(installed) ## Show the sandboxes and their processes
	@$(sandbox) status

.PHONY: down
down: $(installed) ## End the sandbox (NAME=main)
	@$(sandbox) down --name $(NAME)

.PHONY: toolchain
toolchain: $(installed) ## Build what the sandbox and the tests run, where the cache lacks it (10 minutes, once)
	@$(sandbox) toolchain

$(installed): package-lock.json
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("Node 20.19 or newer is needed, found " + process.version + ": https://nodejs.org"); process.exit(1) }'
	npm ci --no-progress
	@touch $@

$(module): $(installed) $(sources)
	npm run --silent build
	@touch $@
