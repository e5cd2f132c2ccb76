#!/bin/sh
# The shared library shows tabard_* alone, and calls no clock, no printing to anywhere, no exit, no environment.
set -eu
lib=$1
foreign=$(nm -D --defined-only "$lib" | awk '{print $3}' | grep -vE '^(tabard_[a-z0-9_]+@@TABARD_0|TABARD_0)$' || true)
[ -z "$foreign" ] || { echo "shows: $foreign"; exit 1; }
calls=$(nm -D --undefined-only "$lib" | awk '{print $2}' |
    grep -E '^(time|clock_gettime|gettimeofday|printf|puts|putchar|fprintf|__printf_chk|__fprintf_chk|fputs|fwrite|abort|exit|_exit|getenv|secure_getenv|socket|connect)@' || true)
[ -z "$calls" ] || { echo "calls: $calls"; exit 1; }
[ "$(nm -D --defined-only "$lib" | wc -l)" -gt 30 ] || { echo "shows too little"; exit 1; }
# No writable data of its own, nothing that two users in one process would share: the linker's own words are all.
writable=$(size -A "$lib" | awk '$1 == ".data" || $1 == ".bss" || $1 == ".tbss" || $1 == ".tdata" {n += $2} END {print n + 0}')
[ "$writable" -le 32 ] || { echo "writable: $writable octets"; exit 1; }
