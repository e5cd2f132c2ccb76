#!/bin/sh
# Fuzz each target: fuzz/run.sh SECONDS [TARGET...]. New inputs are kept in build-fuzz/corpus.
set -eu
cd "$(dirname "$0")/.."
EDGES_MIN=400
seconds=$1
shift
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
echo "fuzz: building with libFuzzer and sanitizers"
ninja -C build-fuzz >build-fuzz/ninja.log 2>&1 || { tail -n 30 build-fuzz/ninja.log; exit 1; }
[ $# -gt 0 ] || set -- $(ls fuzz/*_fuzz.c | sed 's|fuzz/\(.*\)_fuzz.c|\1|')
failed=
for t; do
    mkdir -p "build-fuzz/corpus/$t"
    printf 'fuzz: %s, %s s ... ' "$t" "$seconds"
    if build-fuzz/fuzz/fuzz_"$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build-fuzz/crash-$t-" "build-fuzz/corpus/$t" "fuzz/corpus/$t" >"build-fuzz/$t.log" 2>&1; then
        # A fuzzer that sees no branches of the libraries finds nothing, and says so all the same.
        edges=$(sed -n 's/.*(\([0-9]*\) inline 8-bit counters).*/\1/p' "build-fuzz/$t.log" | head -n 1)
        if [ "${edges:-0}" -lt "$EDGES_MIN" ]; then
            echo "BLIND: ${edges:-0} branches are instrumented, build-fuzz is no build for fuzzing"
            failed="$failed $t"
            continue
        fi
        sed -n 's/^stat::number_of_executed_units: */ok, executions: /p' "build-fuzz/$t.log" | tr -d '\n'
        printf ', branches reached: %s of %s\n' "$(sed -n 's/^#.*DONE *cov: \([0-9]*\) .*/\1/p' "build-fuzz/$t.log")" "$edges"
    else
        echo "FOUND SOMETHING: build-fuzz/$t.log"
        failed="$failed $t"
    fi
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed"; exit 1; }
echo "fuzz: nothing found"
