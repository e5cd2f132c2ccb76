#!/bin/sh
# From nothing to both certificates: tabard get for a server and for a client, each round with a new account. bench/get.sh
#   BUILD=DIR            build directory (build)
#   BENCH_ROUNDS=N       rounds (5); the slowest counts
#   BENCH_GET_PORT=N     first of five ports on 127.0.0.1 (24120)
# How to read the figures: doc/benchmark.md. Exit status 1 when a limit is missed.
set -u

cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
ROUNDS=${BENCH_ROUNDS:-5}
PORT=${BENCH_GET_PORT:-24120}
LIMIT_WALL_MS=2000
LIMIT_PEAK_KB=16384

DNS=$PORT ACME=$((PORT + 1)) CRL=$((PORT + 2)) RESPONDER=$((PORT + 3)) ANSWER=$((PORT + 4))
PATH=$PATH:/usr/sbin
dir=$(mktemp -d) || exit 1
dns_pid= server_pid=

stop() { # PID
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
trap 'stop "$server_pid"; stop "$dns_pid"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

die() { # MESSAGE [LOG]
    echo "bench: $1" >&2
    [ -z "${2:-}" ] || tail -n 20 "$2" >&2
    exit 1
}

wait_line() { # LOG TEXT PID
    left=1000
    until grep -q "$2" "$1" 2>/dev/null; do
        kill -0 "$3" 2>/dev/null || die 'a server ended at its start' "$1"
        [ $left -gt 0 ] || die "no line with '$2'" "$1"
        left=$((left - 1))
        sleep 0.01
    done
}

start() {
    cat >"$dir/test.zone" <<END
\$ORIGIN test.
\$TTL 60
@ SOA ns admin 1 3600 900 86400 60
@ NS ns
ns A 127.0.0.1
*.bench A 127.0.0.1
END
    cat >"$dir/nsd.conf" <<END
server:
  ip-address: 127.0.0.1@$DNS
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$dir"
  database: ""
  pidfile: "$dir/nsd.pid"
  xfrdfile: "$dir/xfrd.state"
  zonelistfile: "$dir/zone.list"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
END
    nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
    dns_pid=$!
    wait_line "$dir/nsd.log" 'nsd started' $dns_pid
    "$BUILD/ca/tabardd" init --dir "$dir/ca" --name localhost --listen 127.0.0.1:$ACME --http 127.0.0.1:$CRL \
        --responder 127.0.0.1:$RESPONDER --resolver 127.0.0.1:$DNS --allow-private 127.0.0.0/8 >"$dir/init.log" 2>&1 ||
        die 'init failed' "$dir/init.log"
    sed -i "s/http_port: 80\$/http_port: $ANSWER/" "$dir/ca/tabard.yaml"
    "$BUILD/ca/tabardd" run --config "$dir/ca/tabard.yaml" >"$dir/tabardd.log" 2>&1 &
    server_pid=$!
    wait_line "$dir/tabardd.log" ready $server_pid
}

get() { # ROUND PROFILE
    "$BUILD/bench/bench_spent" "$BUILD/cli/tabard" get "n$1.bench.test" --profile "$2" --name "$2" --http 127.0.0.1:$ANSWER \
        --server https://localhost:$ACME/directory --ca "$dir/ca/root-server.pem" --dir "$dir/client-$1" --quiet \
        >"$dir/spent" 2>"$dir/get.log" || die "no certificate of profile $2" "$dir/get.log"
    sed -n 's/.*wall_ms=\([0-9]*\) cpu_ms=\([0-9]*\) peak_kb=\([0-9]*\).*/\1 \2 \3/p' "$dir/spent"
}

start
echo "== from nothing to both certificates: tabard get, $ROUNDS rounds; http-01, tls-client-01; server and client on $(nproc) processors"
: >"$dir/rounds"
round=1
while [ "$round" -le "$ROUNDS" ]; do
    server=$(get "$round" server) || exit 1
    client=$(get "$round" client) || exit 1
    echo "$server $client" >>"$dir/rounds"
    round=$((round + 1))
done
awk -v wall=$LIMIT_WALL_MS -v peak=$LIMIT_PEAK_KB '
    function judge(what, value, limit, unit) {
        printf("  %-52s %10d  %sbelow %d %s\n", what, value, value < limit ? "" : "MISSED: ", limit, unit)
        missed += value >= limit
    }
    { w = $1 + $4; c = $2 + $5; p = $3 > $6 ? $3 : $6
      if (w > most_w) most_w = w; if (p > most_p) most_p = p; sum += w; cpu += c }
    END { printf("both certificates: %.0f ms and %.0f ms of client CPU on the average\nlimits:\n", sum / NR, cpu / NR)
          judge("both certificates, slowest round", most_w, wall, "ms")
          judge("memory of the largest process of tabard get", most_p, peak, "kB")
          exit missed > 0 }' "$dir/rounds"
