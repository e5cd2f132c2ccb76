#!/bin/sh
# Measure tabardd, and beside it Debian's pebble, on this machine: bench/run.sh
#   BUILD=DIR          build directory (build)
#   BENCH_SECONDS=N    each measured phase (5)
#   BENCH_ROUNDS=N     phases with 32 clients, of which the one with the median p99 counts (5)
#   BENCH_PORT=N       first of eight ports on 127.0.0.1 (24100)
#   BENCH_PERF=FILE    only profile tabardd under 8 clients with perf, into FILE (perf report -i FILE --sort pid,dso,sym)
#   BENCH_LONG=1       only issue 100,000 certificates and show that memory does not grow with them (two to four minutes)
#   BENCH_KEEP=1       keep the scratch directory, with every result and log
# How to read the figures: doc/benchmark.md. Exit status 1 when a limit is missed.
set -u

cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
SECONDS_EACH=${BENCH_SECONDS:-5}
ROUNDS=${BENCH_ROUNDS:-5}
PORT=${BENCH_PORT:-24100}
LIMIT_CPU_MS=1.2
LIMIT_P99_MS=20    # 32 clients, generator and DNS server on the same processors
LIMIT_TIMES=5      # certificates for each second of CPU, over pebble's
LIMIT_GROWTH_KB=16384 # of PSS, from LONG_FROM to LONG_TO certificates
LIMIT_IDLE_KB=65536
LIMIT_START_MS=1000
IDLE=1000
COUNTED=300 # certificates of the run that counts system calls
LONG_FROM=20000
LONG_TO=100000

DNS=$PORT ACME=$((PORT + 1)) CRL=$((PORT + 2)) RESPONDER=$((PORT + 3)) METRICS=$((PORT + 4)) ANSWER=$((PORT + 5))
PEBBLE=$((PORT + 6)) PEBBLE_ADMIN=$((PORT + 7))
LOAD=$BUILD/bench/acme_load
TABARDD=$BUILD/ca/tabardd
PATH=$PATH:/usr/sbin

dir=$(mktemp -d) || exit 1
dns_pid= server_pid= tracer_pid=
range=0 # names never come twice, so that no resolver has seen them

stop() { # PID
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

clean_up() {
    stop "$tracer_pid"
    stop "$server_pid"
    stop "$dns_pid"
    if [ -n "${BENCH_KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

die() { # MESSAGE [LOG]
    echo "bench: $1" >&2
    [ -z "${2:-}" ] || tail -n 20 "$2" >&2
    exit 1
}

value() { # FILE KEY
    sed -n "s/^$2=//p" "$1"
}

ratio() { # A B DIGITS
    awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { printf("%." d "f", (b > 0) ? a / b : 0) }'
}

ms_now() {
    echo $(($(date +%s%N) / 1000000))
}

wait_line() { # LOG TEXT PID SECONDS
    left=$(($4 * 100))
    until grep -q "$2" "$1" 2>/dev/null; do
        kill -0 "$3" 2>/dev/null || die "a server ended at its start" "$1"
        [ $left -gt 0 ] || die "no line with '$2'" "$1"
        left=$((left - 1))
        sleep 0.01
    done
}

start_dns() {
    # Every name has an address, none an AAAA or CAA record; CAA look-ups climb to test. and must be answered there.
    # Rate limiting would measure NSD instead of the CA.
    cat >"$dir/test.zone" <<EOF
\$ORIGIN test.
\$TTL 60
@ SOA ns admin 1 3600 900 86400 60
@ NS ns
ns A 127.0.0.1
*.bench A 127.0.0.1
EOF
    cat >"$dir/nsd.conf" <<EOF
server:
  ip-address: 127.0.0.1@$DNS
  do-ip6: no
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$dir"
  database: ""
  pidfile: "$dir/nsd.pid"
  xfrdfile: "$dir/xfrd.state"
  zonelistfile: "$dir/zone.list"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  verbosity: 1
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
EOF
    nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
    dns_pid=$!
    wait_line "$dir/nsd.log" 'nsd started' "$dns_pid" 10
}

start_tabardd() {
    "$TABARDD" init --dir "$dir/ca" --name localhost --listen 127.0.0.1:$ACME --http 127.0.0.1:$CRL \
        --responder 127.0.0.1:$RESPONDER --metrics 127.0.0.1:$METRICS --resolver 127.0.0.1:$DNS \
        --allow-private 127.0.0.0/8 >"$dir/init.log" 2>&1 || die 'init failed' "$dir/init.log"
    sed -i "s/http_port: 80\$/http_port: $ANSWER/" "$dir/ca/tabard.yaml"
    grep -q "http_port: $ANSWER" "$dir/ca/tabard.yaml" || die 'tabard.yaml has no http_port: 80 to change'
    begun=$(ms_now)
    "$TABARDD" run --config "$dir/ca/tabard.yaml" >"$dir/tabardd.log" 2>&1 &
    server_pid=$!
    wait_line "$dir/tabardd.log" ready "$server_pid" 10
    start_ms=$(($(ms_now) - begun))
    directory=https://localhost:$ACME/directory
    anchors=$dir/ca/root-server.pem
}

start_pebble() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$dir/pebble.key" -out "$dir/pebble.pem" 2>"$dir/openssl.log" ||
        die 'no certificate for pebble' "$dir/openssl.log"
    cat >"$dir/pebble.json" <<EOF
{"pebble": {"listenAddress": "127.0.0.1:$PEBBLE", "managementListenAddress": "127.0.0.1:$PEBBLE_ADMIN",
 "certificate": "$dir/pebble.pem", "privateKey": "$dir/pebble.key", "httpPort": $ANSWER, "tlsPort": 9,
 "ocspResponderURL": "", "externalAccountBindingRequired": false}}
EOF
    PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config "$dir/pebble.json" -dnsserver 127.0.0.1:$DNS \
        >"$dir/pebble.log" 2>&1 &
    server_pid=$!
    wait_line "$dir/pebble.log" 'ACME directory available' "$server_pid" 10
    directory=https://localhost:$PEBBLE/dir
    anchors=$dir/pebble.pem
}

load() { # RESULT OPTION...
    result=$dir/$1
    shift
    range=$((range + 1000000))
    "$LOAD" --directory "$directory" --ca "$anchors" --watch "$server_pid" --http 127.0.0.1:$ANSWER \
        --poll-ms 5 --start $range "$@" >"$result" 2>"$result.err"
    code=$?
    cat "$result.err" >&2
    # The table for people stands behind the machine's lines.
    sed -n '/^$/,$p' "$result"
    if [ $code -ne 0 ]; then
        echo "bench: acme_load ended with status $code" >&2
        missed="$missed\n    ${result##*/}: not every issuance succeeded"
    fi
}

# Of several phases the one with the median p99 counts: three pauses that the machine makes in five seconds, and that
# all clients share, are a hundredth of all issuances.
median_round() { # RESULT
    all_p99=$(for round in $(seq "$ROUNDS"); do
        echo "$(value "$dir/$1.$round" issuance_p99_ms) $round"
    done | sort -n)
    median=$(echo "$all_p99" | sed -n "$(((ROUNDS + 1) / 2))p")
    cp "$dir/$1.${median#* }" "$dir/$1"
    all_p99=$(echo "$all_p99" | cut -d ' ' -f 1 | paste -sd ' ')
}

metrics() { # RESULT; counters of judge and validator arrive a little later
    sleep 1.2
    curl -s --max-time 5 http://127.0.0.1:$METRICS/metrics | sed -n 's/^tabard_\([a-z_]*\) \([0-9]*\)$/\1=\2/p' >"$dir/$1"
}

rise() { # KEY: between the two readings
    echo $(($(value "$dir/metrics.after" "$1") - $(value "$dir/metrics.before" "$1")))
}

descendants() { # PID
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        descendants "$child"
    done
}

# Tracing slows the servers down, so this run counts and is not timed.
count_syncs() {
    attach=$(for p in $(descendants "$server_pid"); do printf ' -p %s' "$p"; done)
    # shellcheck disable=SC2086
    strace -f -c -e trace=fsync,fdatasync -o "$dir/strace" $attach 2>"$dir/strace.err" &
    tracer_pid=$!
    sleep 1
    if ! kill -0 "$tracer_pid" 2>/dev/null; then
        tracer_pid=
        syncs=
        echo 'bench: strace may not attach here; flushes are not counted' >&2
        return
    fi
    load counted --clients 8 --count $COUNTED --seconds 60 --warm 0 >/dev/null
    kill -INT "$tracer_pid"
    wait "$tracer_pid" 2>/dev/null
    tracer_pid=
    syncs=$(awk '$NF ~ /^f(data)?sync$/ { n += $4 } END { print n + 0 }' "$dir/strace")
    syncs=$(ratio "$syncs" "$(value "$dir/counted" certificates)" 2)
}

profile() {
    pids=$(descendants "$server_pid" | paste -sd ,)
    perf record -q -e cpu-clock -F 1999 -g -p "$pids" -o "$BENCH_PERF" 2>"$dir/perf.err" &
    tracer_pid=$!
    load profiled --clients 8 --seconds "$SECONDS_EACH"
    kill -INT "$tracer_pid"
    wait "$tracer_pid" 2>/dev/null
    tracer_pid=
    for p in $(descendants "$server_pid"); do
        printf '%s: %s\n' "$p" "$(tr '\0' ' ' </proc/"$p"/cmdline)"
    done
    perf report -i "$BENCH_PERF" --stdio --no-children -g none --sort pid,dso 2>/dev/null | grep '%' | head -n 24
}

# The value in the machine's own measure: a verification takes longer where everything does.
normalised() { # MS
    awk -v ms="$1" -v a="$verify_us" -v b="$verify_after_us" 'BEGIN { if (a + b > 0) printf("%.1f", 2000 * ms / (a + b)) }'
}

process_pss() { # RESULT PROCESS
    sed -n "s/^process=$2,.*pss_kb=//p" "$dir/$1"
}

# Caches fill during the first certificates; what grows after that grows for ever.
long_run() {
    load first --clients 32 --seconds 600 --count $LONG_FROM >/dev/null
    load second --clients 32 --seconds 600 --count $((LONG_TO - LONG_FROM)) --warm 0
    growth_kb=$(($(value "$dir/second" server_pss_kb) - $(value "$dir/first" server_pss_kb)))
    echo
    printf '== memory (PSS, kB) after %s and %s certificates\n' $LONG_FROM $LONG_TO
    sed -n 's/^process=\([^,]*\),.*/\1/p' "$dir/second" | while read -r process; do
        printf '%-22s %9s %9s\n' "$process" "$(process_pss first "$process")" "$(process_pss second "$process")"
    done
    printf '%-22s %9s %9s   %s octets for each certificate\n' all "$(value "$dir/first" server_pss_kb)" \
        "$(value "$dir/second" server_pss_kb)" "$(ratio $((growth_kb * 1024)) $((LONG_TO - LONG_FROM)) 0)"
    echo
    echo 'limits:'
    check "growth of PSS, $LONG_FROM to $LONG_TO certificates" "$growth_kb" $LIMIT_GROWTH_KB kB signed
}

finish() {
    if [ -n "$missed" ]; then
        printf 'MISSED:%b\n' "$missed"
        exit 1
    fi
    exit 0
}

row() { # NAME RESULT
    printf '%-22s %9s %8s %9s %9s %9s %10s %10s\n' "$1" "$(value "$dir/$2" certificates_per_s)" \
        "$(value "$dir/$2" requests_per_certificate)" "$(value "$dir/$2" issuance_p50_ms)" \
        "$(value "$dir/$2" issuance_p99_ms)" "$(value "$dir/$2" failures)" \
        "$(value "$dir/$2" server_cpu_ms_per_certificate)" "$(value "$dir/$2" generator_cpu_ms_per_certificate)"
}

check() { # WHAT VALUE LIMIT UNIT [signed]: without a value, or with one that cannot be, the limit is missed
    if awk -v v="${2:-nan}" -v l="$3" -v s="${5:-}" 'BEGIN { exit !(v != "nan" && (s != "" || v > 0) && v < l) }'; then
        printf '  %-52s %10s  below %s %s\n' "$1" "$2" "$3" "$4"
    else
        printf '  %-52s %10s  MISSED: below %s %s\n' "$1" "${2:-none}" "$3" "$4"
        missed="$missed\n    $1: ${2:-none}, limit $3 $4"
    fi
}

check_least() { # WHAT VALUE LIMIT UNIT
    if awk -v v="${2:-nan}" -v l="$3" 'BEGIN { exit !(v != "nan" && v >= l) }'; then
        printf '  %-52s %10s  at least %s %s\n' "$1" "$2" "$3" "$4"
    else
        printf '  %-52s %10s  MISSED: at least %s %s\n' "$1" "${2:-none}" "$3" "$4"
        missed="$missed\n    $1: ${2:-none}, limit $3 $4"
    fi
}

# Other work on the machine makes every operation dearer: a yardstick beside the figures.
yardstick() {
    openssl speed -seconds 1 ecdsap256 2>/dev/null | awk '/nistp256/ { printf("%.0f", 1e6 / $NF) }'
}

missed=
for program in "$LOAD" "$TABARDD"; do
    [ -x "$program" ] || die "$program is missing: build first"
done
for program in nsd pebble strace curl openssl; do
    command -v $program >/dev/null || die "$program is missing: packaging/deps.sh test"
done
start_dns
verify_us=$(yardstick)

echo "== tabardd"
start_tabardd
if [ -n "${BENCH_PERF:-}" ]; then
    profile
    exit
fi
if [ -n "${BENCH_LONG:-}" ]; then
    long_run
    finish
fi
load t1 --clients 1 --seconds "$SECONDS_EACH"
metrics metrics.before
load t8 --clients 8 --seconds "$SECONDS_EACH"
metrics metrics.after
load t32.1 --clients 32 --seconds "$SECONDS_EACH"
load t8new --clients 8 --connections new --seconds "$SECONDS_EACH"
count_syncs
echo "== tabardd, $IDLE idle connections"
load idle --idle $IDLE --hold 2
echo "== tabardd, 32 clients again"
for round in $(seq 2 "$ROUNDS"); do
    load "t32.$round" --clients 32 --seconds "$SECONDS_EACH" >/dev/null
done
median_round t32
stop "$server_pid"
server_pid=

echo "== pebble"
start_pebble
load p4 --clients 4 --seconds "$SECONDS_EACH"
stop "$server_pid"
server_pid=

issued=$(rise front_issued_total)
verify_after_us=$(yardstick)
cpu8=$(value "$dir/t8" server_cpu_ms_per_certificate)
cpu32=$(value "$dir/t32" server_cpu_ms_per_certificate)
times=$(ratio "$(value "$dir/p4" server_cpu_ms_per_certificate)" "$cpu32" 1)
echo
echo "== result: $(nproc) processors shared by server, DNS and generator; state on $(stat -f -c %T "$dir"); a P-256 verification took $verify_us us before and $verify_after_us us after"
printf '%-22s %9s %8s %9s %9s %9s %10s %10s\n' '' 'cert/s' 'requests' 'p50 ms' 'p99 ms' 'failures' 'server CPU' 'generator'
printf '%-22s %9s %8s %9s %9s %9s %10s %10s\n' '' '' '/cert' 'issuance' 'issuance' '' 'ms/cert' 'ms/cert'
row 'tabardd  1 kept' t1
row 'tabardd  8 kept' t8
row 'tabardd 32 kept' t32
row 'tabardd  8 new' t8new
row 'pebble   4 kept' p4
cat <<EOF

tabardd, 8 kept, for each certificate:
  SQL statements $(ratio "$(rise store_statements_total)" "$issued" 2), store transactions $(ratio "$(rise store_transactions_total)" "$issued" 2), store commits $(ratio "$(rise store_commits_total)" "$issued" 2), log syncs $(ratio "$(rise judge_log_syncs_total)" "$issued" 2), store bytes $(ratio "$(rise store_bytes)" "$issued" 0)
  fsync and fdatasync, counted by strace in a run of its own: ${syncs:-not counted}
tabardd, memory of all processes:
  peak under load $(value "$dir/t8new" server_peak_kb) kB (sum of RSS peaks; shared pages count in each process), with $IDLE idle connections RSS $(value "$dir/idle" server_rss_kb) kB, PSS $(value "$dir/idle" server_pss_kb) kB
tabardd, 32 kept: p99 of $ROUNDS phases $all_p99 ms; the median counts
pebble: peak $(value "$dir/p4" server_peak_kb) kB; its CPU for a certificate is $times times ours with 32 clients
EOF
echo
echo 'limits:'
check 'server CPU, 8 clients, connections kept' "$cpu8" $LIMIT_CPU_MS "ms/cert ($(normalised "$cpu8") P-256 verifications)"
check 'server CPU, 32 clients, connections kept' "$cpu32" $LIMIT_CPU_MS "ms/cert ($(normalised "$cpu32") P-256 verifications)"
check 'p99 of an issuance, 32 clients, connections kept' "$(value "$dir/t32" issuance_p99_ms)" $LIMIT_P99_MS ms
check_least 'certificates a CPU second, over those of pebble' "$times" $LIMIT_TIMES times
check "memory with $IDLE idle TLS connections (PSS)" "$(value "$dir/idle" server_pss_kb)" $LIMIT_IDLE_KB kB
check 'start' "$start_ms" $LIMIT_START_MS ms
finish
