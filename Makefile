# Tabard. The two commands that matter: make run, make check.
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
ONCE   ?=
STATE  ?= $(CURDIR)/state

MESON_SETUP = [ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) --prefix=$(PREFIX) >/dev/null

.PHONY: all deps run check check-full install bench fuzz clean help

all: deps
	@$(MESON_SETUP)
	@ninja -C $(BUILD) | tail -n 1

help:
	@echo "make run        install what is missing, build, start a CA on this machine and get a first certificate"
	@echo "make check      all tests but the long loops (under 10 minutes)"
	@echo "make check-full the long loops too: sanitizers, crash and attack loops (CI runs this)"
	@echo "make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)"
	@echo "make bench      certificates a second and CPU each, beside pebble"
	@echo "make fuzz       a minute of fuzzing for each decoder (SECONDS_EACH=60)"

deps:
	@packaging/deps.sh build

run: all
	@packaging/deps.sh run
	@STATE='$(STATE)' ONCE='$(ONCE)' BUILD='$(BUILD)' packaging/demo.sh

check: all
	@packaging/deps.sh test
	@BUILD='$(BUILD)' tests/run.sh quick

check-full: all
	@packaging/deps.sh test
	@BUILD='$(BUILD)' tests/run.sh full

install: all
	@DESTDIR='$(abspath $(DESTDIR))' meson configure $(BUILD) --prefix='$(PREFIX)'
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --quiet
	@echo "installed below $(DESTDIR)$(PREFIX); next: tabardd init --help"

bench: all
	@packaging/deps.sh test
	@BUILD='$(BUILD)' bench/run.sh

fuzz:
	@packaging/deps.sh build test
	@fuzz/run.sh $(or $(SECONDS_EACH),60)

clean:
	rm -rf $(BUILD) build-*
