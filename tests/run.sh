#!/bin/sh
# Run the tests: tests/run.sh quick|full. BUILD names the build directory.
set -u

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
mode=${1:-quick}
failed=
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

step() { # NAME COMMAND...
    name=$1
    shift
    printf '== %s\n' "$name"
    start=$(date +%s)
    if "$@"; then
        printf '== %s: ok, %s s\n' "$name" $(($(date +%s) - start))
    else
        printf '== %s: FAILED\n' "$name"
        failed="$failed\n    $name"
    fi
}

unit() { # BUILD-DIRECTORY
    ninja -C "$1" >"$1/ninja.log" 2>&1 || { tail -n 30 "$1/ninja.log"; return 1; }
    meson test -C "$1" --no-rebuild --print-errorlogs --quiet >"$1/test.log" 2>&1
    r=$?
    [ $r -eq 0 ] || grep -v '^ *[0-9]*/[0-9]* .* OK ' "$1/test.log" | tail -n 60
    grep -E '^(Ok|Fail|Timeout|Unexpected Pass):' "$1/test.log"
    return $r
}

manpages() {
    for page in man/*.[1-9]; do
        mandoc -T lint -W warning "$page" || return 1
    done
    ls man/*.[1-9] | wc -l | sed 's/$/ pages/'
}

configure() { # DIRECTORY OPTIONS...
    dir=$1
    shift
    [ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" >/dev/null
}

# The other compiler, with its warnings as errors, and the sanitizers in one build.
sanitized() {
    CC=clang configure build-clang -Db_sanitize=address,undefined -Db_lundef=false || return 1
    unit build-clang
}

endtoend() { # PYTEST ARGUMENTS...
    # Namespaces need root; everybody else is root in a user namespace of their own.
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root='unshare --user --map-root-user'
    # Each test has a namespace and a directory of its own; many of them wait more than they work.
    BUILD=$(realpath "$BUILD") $as_root /usr/bin/python3 -m pytest tests/e2e -q -p no:cacheprovider --durations=5 \
        -n "$(($(nproc) * 2))" "$@"
}

step 'unit tests and corpora' unit "$BUILD"
step 'man pages' manpages
if [ "$mode" = full ]; then
    step 'clang, with address and undefined-behaviour sanitizers' sanitized
    step 'end to end, long loops too' endtoend
else
    step 'end to end' endtoend -m 'not slow'
fi

if [ -n "$failed" ]; then
    printf 'FAILED:%b\nThe log of each step stands above; a single test: BUILD=%s /usr/bin/python3 -m pytest tests/e2e -k NAME\n' "$failed" "$BUILD"
    exit 1
fi
printf 'All tests passed. Next: make run, or make install.\n'
