# The front door. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
# The program looks for its agent in ../lib/heapsnapd.
LIBDIR ?= $(PREFIX)/lib
UNITDIR ?= $(PREFIX)/lib/systemd/system
# The only place where the version stands; tests hold the others against it.
VERSION = $(shell sed -n 's/.*static let text = "\(.*\)"/\1/p' Sources/heapsnapd/Commands/VersionCommand.swift)

BINARY := .build/release/heapsnapd
AGENT := .build/agent/heapsnapd-agent.node
SUPPORT := Tests/Support/bin
SWIFT_SOURCES := Package.swift Sources Tests
SHELL_SCRIPTS := .ci/run $(SUPPORT)/fetch-node $(SUPPORT)/run-tests $(SUPPORT)/install-dependencies $(SUPPORT)/demo \
	debian/build-package debian/heapsnapd.postrm Tests/SystemImage/build-image Tests/SystemImage/guest-run Tests/SystemImage/run-scenarios Tests/SystemImage/in-guest Tests/Support/programs/spawn-chain.sh

BUN_STANDIN := .build/support/bun-standin/node

BASH_COMPLETION := $(PREFIX)/share/bash-completion/completions/heapsnapd
ZSH_COMPLETION := $(PREFIX)/share/zsh/site-functions/_heapsnapd
FISH_COMPLETION := $(PREFIX)/share/fish/vendor_completions.d/heapsnapd.fish

UNITS := heapsnapd.service heapsnapd.socket heapsnapd-capture.slice heapsnapd@.service
AS_INSTALLED := s|/usr/bin/heapsnapd|$(PREFIX)/bin/heapsnapd|; s|/usr/lib/heapsnapd|$(LIBDIR)/heapsnapd|

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install what building and testing need (Debian packages; root or sudo)
	@$(SUPPORT)/install-dependencies

.PHONY: swift
swift:
	@command -v swift >/dev/null || { echo "make: cannot build: no swift in PATH; install Swift 6.2 or later from" \
		"https://www.swift.org/install/linux/debian/12 (or with swiftly), then try again" >&2; exit 1; }

.PHONY: agent
agent: ## the library that Node loads: .build/agent/heapsnapd-agent.node
	@$(MAKE) -C Sources/NodeAgent agent

.PHONY: build
build: swift agent ## the binary, optimised, Swift runtime linked in: .build/release/heapsnapd; and the agent
	swift build -c release --static-swift-stdlib --product heapsnapd

$(BUN_STANDIN): Tests/Support/programs/bun-standin/node.c
	@mkdir -p $(@D)
	$(CC) -Wall -Wextra -Werror -O1 -o $@ $<

.PHONY: agent-tests
agent-tests: # what needs no node: size, symbols, units; and the build that can be made to fail
	@$(MAKE) -C Sources/NodeAgent agent-faults agent-asan check-size symbols unit

.PHONY: agent-loaders
agent-loaders: # musl and aarch64
	@$(SUPPORT)/install-dependencies musl-tools g++-aarch64-linux-gnu qemu-user-static
	@$(MAKE) -C Sources/NodeAgent loaders

.PHONY: probe
probe: swift # the room Systemd as a program of its own, for the guest
	swift build -c release --static-swift-stdlib --product systemd-probe

.PHONY: test
test: build probe agent-tests $(BUN_STANDIN) ## all tests but the long repetitions; the runner's count is the last line
	@$(SUPPORT)/fetch-node
	@HEAPSNAPD_BINARY=$(CURDIR)/$(BINARY) $(SUPPORT)/run-tests

.PHONY: test-full
test-full: export HEAPSNAPD_TEST_FULL = 1
test-full: agent-loaders test ## all tests with all repetitions, on all Node versions

.PHONY: fuzz
fuzz: swift ## mutate snapshots with libFuzzer for FUZZ_SECONDS (60) seconds, and read them
	Tests/Fuzz/run $(or $(FUZZ_SECONDS),60)

.PHONY: check
check: swift ## format, shell scripts, and a build in which a warning is an error
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@if command -v shellcheck >/dev/null; then shellcheck $(wildcard $(SHELL_SCRIPTS)); else echo "make: no shellcheck here; 'make deps' installs it"; fi
	swift build --build-tests --scratch-path .build/check -Xswiftc -warnings-as-errors

.PHONY: format
format: swift ## format the Swift sources in place
	swift format format --in-place --recursive --parallel $(SWIFT_SOURCES)

.PHONY: bench
bench: build ## measure what the README claims
	@$(SUPPORT)/fetch-node
	Benchmarks/run

.PHONY: bench-survival
bench-survival: build ## five leaks, four ways to a snapshot, three runs each: up to 35 minutes
	@$(SUPPORT)/fetch-node 24
	Benchmarks/run survival

.PHONY: demo
demo: deps build ## a leaking service in a 512 MB cgroup, captured before the kill
	@$(SUPPORT)/fetch-node 22
	@$(SUPPORT)/demo

.PHONY: install
install: ## binary, agent, units, man pages, completions, configuration below $(DESTDIR)$(PREFIX); build first
	@for file in $(BINARY) $(AGENT); do test -e $$file || \
		{ echo "make: cannot install: $$file is missing; run 'make build' first" >&2; exit 1; }; done
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/heapsnapd
	strip $(DESTDIR)$(PREFIX)/bin/heapsnapd
	install -D -m 644 $(AGENT) $(DESTDIR)$(LIBDIR)/heapsnapd/heapsnapd-agent.node
	for page in $(wildcard docs/man/*.1 docs/man/*.5); do \
		install -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done
	install -d $(dir $(DESTDIR)$(BASH_COMPLETION)) $(dir $(DESTDIR)$(ZSH_COMPLETION)) $(dir $(DESTDIR)$(FISH_COMPLETION))
	$(BINARY) --generate-completion-script bash | sed 1d >$(DESTDIR)$(BASH_COMPLETION)
	$(BINARY) --generate-completion-script zsh >$(DESTDIR)$(ZSH_COMPLETION)
	$(BINARY) --generate-completion-script fish >$(DESTDIR)$(FISH_COMPLETION)
	test -e $(DESTDIR)$(SYSCONFDIR)/heapsnapd/heapsnapd.yaml || \
		install -D -m 644 config/heapsnapd.yaml $(DESTDIR)$(SYSCONFDIR)/heapsnapd/heapsnapd.yaml
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/heapsnapd
	for unit in $(UNITS); do sed '$(AS_INSTALLED)' systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit; done
	sed '$(AS_INSTALLED)' systemd/node-service.conf.example >$(DESTDIR)$(PREFIX)/share/heapsnapd/node-service.conf.example
	install -D -m 644 docs/guide/hooks.md $(DESTDIR)$(PREFIX)/share/doc/heapsnapd/hooks.md
	install -D -m 644 systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/heapsnapd.conf
	install -D -m 644 systemd/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/heapsnapd.conf
	install -D -m 644 systemd/heapsnapd.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/heapsnapd.catalog
	@test -n "$(DESTDIR)" || echo "make: for the daemon: systemd-sysusers && systemctl daemon-reload && systemctl enable --now heapsnapd"

.PHONY: uninstall
uninstall: ## remove what install put there, except the configuration
	rm -f $(DESTDIR)$(PREFIX)/bin/heapsnapd $(DESTDIR)$(BASH_COMPLETION) $(DESTDIR)$(ZSH_COMPLETION) $(DESTDIR)$(FISH_COMPLETION)
	rm -f $(DESTDIR)$(PREFIX)/share/man/man[15]/heapsnapd*.[15] $(DESTDIR)$(LIBDIR)/heapsnapd/heapsnapd-agent.node
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) $(DESTDIR)$(PREFIX)/share/heapsnapd/node-service.conf.example
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/,sysusers.d/heapsnapd.conf tmpfiles.d/heapsnapd.conf systemd/catalog/heapsnapd.catalog)
	rm -f $(DESTDIR)$(PREFIX)/share/doc/heapsnapd/hooks.md
	rmdir $(DESTDIR)$(LIBDIR)/heapsnapd $(DESTDIR)$(PREFIX)/share/heapsnapd $(DESTDIR)$(PREFIX)/share/doc/heapsnapd 2>/dev/null || true

.PHONY: deb
deb: build ## a Debian package: .build/deb/heapsnapd_VERSION_ARCHITECTURE.deb
	@debian/build-package
	@if command -v lintian >/dev/null; then lintian --fail-on error --allow-root .build/deb/heapsnapd_$(VERSION)_*.deb; \
		else echo "make: no lintian here to judge it"; fi

.PHONY: version
version: # of the program, as it stands in its source
	@echo $(VERSION)

.PHONY: clean
clean: ## remove .build
	rm -rf .build
