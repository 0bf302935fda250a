# Thin names over scripts/: each target says what it is for in `make help`.

.PHONY: help setup run test lint proto bench micro healing docs mutants fuzz asan tsan chaos observe dashboards manifests deploy-test

help:
	@echo "make run     install what is missing, build for release, start three nodes on three engines"
	@echo "make test    install what is missing, build for debug, run every test"
	@echo "make lint    format, shell syntax, direction of dependencies"
	@echo "make proto   regenerate the committed protobuf and gRPC code"
	@echo "make bench   the engines side by side under replicated workloads: a report (scripts/bench --help)"
	@echo "make micro   what small steps cost by themselves, in time and in blocks of the heap, against limits"
	@echo "make healing how long failures and growth of a cluster take, and what clients notice"
	@echo "make chaos   ten minutes of faults on five real nodes under clients, and the check of what those saw (scripts/chaos --help)"
	@echo "make observe three nodes under load, and a Prometheus with our rules that scrapes them"
	@echo "make manifests writes what is in deploy/ twice, for those who have kubectl alone"
	@echo "make deploy-test tests what is in deploy/, up to an image that runs and an account that is made (scripts/deploy-test --list)"
	@echo "make dashboards writes Grafana's dashboards from their source"
	@echo "make mutants breaks the sources in one way after the other, and has the simulator find each"
	@echo "make fuzz    libFuzzer on what takes bytes from outside, a minute each (scripts/fuzz has more)"
	@echo "make asan    the Swift tests under AddressSanitizer and LeakSanitizer"
	@echo "make tsan    the Swift tests under ThreadSanitizer"
	@echo "make docs    API reference into .build/docs, and a check of the links between documents"

setup:
	@scripts/setup

run: setup
	@scripts/run

test: setup
	@scripts/test

lint:
	@scripts/lint

proto:
	@scripts/proto

bench: setup
	@scripts/bench

micro: setup
	@scripts/micro

healing: setup
	@scripts/healing

chaos: setup
	@scripts/chaos

docs:
	@scripts/docs

mutants:
	@scripts/mutants

fuzz: setup
	@scripts/fuzz

asan: setup
	@scripts/sanitize address

tsan: setup
	@scripts/sanitize thread

observe: setup
	@scripts/observe

dashboards:
	@scripts/dashboards

manifests:
	@scripts/manifests

deploy-test:
	@scripts/deploy-test
