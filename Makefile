# Everything is done by the build tool in xtask/; `cargo xtask help` lists it.

.PHONY: run dev test bench build setup

run: ## Build the release and serve it on http://127.0.0.1:3000
	@cargo xtask run

dev: ## Serve, and rebuild on every change
	@cargo xtask dev

test: ## Formatting, clippy, Rust tests, documentation, end-to-end tests
	@cargo xtask test

bench: ## Measure; the tables stand in docs/BENCHMARKS.md
	@cargo xtask bench

build:
	@cargo xtask build --release

setup:
	@cargo xtask setup --tests
