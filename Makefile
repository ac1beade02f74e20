# SPDX-License-Identifier: Apache-2.0
# The two commands, and what they are made of. Everything heavy is cached; see `npm run lab:build -- --list`.

.PHONY: boot test check setup help

help:
	@echo 'make boot    everything up to a booted VM with the Rust driver moving packets'
	@echo 'make test    everything up to all tests passed'
	@echo 'make check   types, lint, format, boundaries, generated files (seconds)'
	@echo 'make setup   what the two need on this machine'

setup:
	@bash scripts/setup.sh

# make boot ARGS='--driver c --once'
boot: setup
	@node lab/bin/ferrolab.js boot $(ARGS)

check: setup
	@npm run --silent check

test: setup
	@npm run --silent test:all
