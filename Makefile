# Tabard. The two commands that matter: make run, make check.
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
ONCE   ?=
STATE  ?= $(CURDIR)/state

MESON_SETUP = [ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) --prefix=$(PREFIX) -Dtests=false >/dev/null

# Tests, bench and fuzz targets need more packages than the programs: they are configured in when first asked for.
RECONFIGURE = meson setup --reconfigure $(BUILD) >$(BUILD)/configure.log
WITH_TESTS = packaging/deps.sh test && $(RECONFIGURE) -Dtests=true && echo 'build: compiling tests' && ninja -C $(BUILD) --quiet

.PHONY: all deps run check check-full install bench fuzz clean help

all: deps
	@$(MESON_SETUP)
	@echo "build: compiling into $(BUILD)/"
	@ninja -C $(BUILD) --quiet
	@echo "build: done; next: make run, make check, or make install"

help:
	@echo "make run        install what is missing, build, start a CA on this machine and get a first certificate"
	@echo "make check      all tests but the long loops (under 10 minutes)"
	@echo "make check-full the long loops too: sanitizers, crash and attack loops (CI runs this)"
	@echo "make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)"
	@echo "make bench      certificates a second and CPU each, beside pebble"
	@echo "make fuzz       a minute of fuzzing for each decoder (SECONDS_EACH=60)"

# All that is missing is told, or installed, at once.
SECTIONS = build
run: SECTIONS = build run
check bench: SECTIONS = build test
check-full: SECTIONS = build test full

deps:
	@packaging/deps.sh $(SECTIONS)

run: all
	@packaging/deps.sh run
	@STATE='$(STATE)' ONCE='$(ONCE)' BUILD='$(BUILD)' packaging/demo.sh

check: all
	@$(WITH_TESTS)
	@BUILD='$(BUILD)' tests/run.sh quick

check-full: all
	@packaging/deps.sh full
	@$(WITH_TESTS)
	@BUILD='$(BUILD)' tests/run.sh full

install: all
	@$(RECONFIGURE) --prefix='$(PREFIX)'
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --quiet
	@echo "installed below $(DESTDIR)$(PREFIX); next: tabardd init --help"

bench: all
	@$(WITH_TESTS)
	@BUILD='$(BUILD)' bench/get.sh
	@BUILD='$(BUILD)' bench/run.sh
	@$(BUILD)/bench/bench_decision

fuzz:
	@packaging/deps.sh build test
	@fuzz/run.sh $(or $(SECONDS_EACH),60)

clean:
	rm -rf $(BUILD) build-*
