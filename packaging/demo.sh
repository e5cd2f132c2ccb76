#!/bin/sh
# What `make run` does: a CA on this machine, a first certificate by a client that is not ours, and one for a TLS client.
#   STATE directory of the CA (made at the first run, kept), ONCE=1 ends after these certificates,
#   BUILD the build directory, CA_PORT, DNS_PORT, HTTP_PORT (14000, 15353, 15080).
set -eu

cd "$(dirname "$0")/.."
STATE=${STATE:-$PWD/state}
BUILD=${BUILD:-build}
CA_PORT=${CA_PORT:-14000} DNS_PORT=${DNS_PORT:-15353} HTTP_PORT=${HTTP_PORT:-15080}
NAME=www.demo.test CLIENT=client.demo.test
PATH=$PATH:/usr/sbin
demo=$STATE/demo
pids=

say() { printf '\n== %s\n' "$*"; }

fail() {
    echo "make run: $1" >&2
    [ -z "${2:-}" ] || { echo "--- $2" >&2; tail -n 20 "$2" >&2; }
    exit 1
}

finish() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
}
trap finish EXIT
trap 'exit 130' INT TERM

wait_for() { # PID FILE TEXT WHAT
    n=0
    until grep -q "$3" "$2" 2>/dev/null; do
        kill -0 "$1" 2>/dev/null || fail "$4 ended; is its port taken? (CA_PORT, DNS_PORT and HTTP_PORT choose others)" "$2"
        n=$((n + 1))
        [ $n -lt 300 ] || fail "$4 is not ready after 30 s" "$2"
        sleep 0.1
    done
}

getent hosts localhost >/dev/null || fail "localhost has no address here; /etc/hosts wants a line '127.0.0.1 localhost'"
mkdir -p "$demo"
if [ ! -f "$STATE/ca/tabard.yaml" ]; then
    say "init: a new CA in $STATE/ca (kept; remove the directory to start over)"
    "$BUILD/ca/tabardd" init --dir "$STATE/ca" --name localhost --listen "127.0.0.1:$CA_PORT" \
        --resolver "127.0.0.1:$DNS_PORT" --allow-private 127.0.0.0/8 >"$demo/init.log" || fail "init failed" "$demo/init.log"
    # Nobody here is asked to give up port 80.
    sed -i "s/^    http_port: 80\$/    http_port: $HTTP_PORT/" "$STATE/ca/tabard.yaml"
fi

# A real DNS server stands behind every proof. This one knows *.demo.test only.
cat >"$demo/nsd.conf" <<EOF
server:
  ip-address: 127.0.0.1@$DNS_PORT
  username: ""
  chroot: ""
  zonesdir: "$demo"
  database: ""
  pidfile: "$demo/nsd.pid"
  xfrdfile: "$demo/xfrd.state"
  zonelistfile: "$demo/zone.list"
  rrl-ratelimit: 0
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
EOF
cat >"$demo/test.zone" <<'EOF'
$ORIGIN test.
$TTL 60
@ SOA ns admin 1 3600 900 86400 60
@ NS ns
ns A 127.0.0.1
demo A 127.0.0.1
*.demo A 127.0.0.1
EOF
say "DNS: nsd on 127.0.0.1:$DNS_PORT"
nsd -d -c "$demo/nsd.conf" >"$demo/nsd.log" 2>&1 &
pids="$! $pids"
wait_for $! "$demo/nsd.log" 'nsd started' nsd

say "CA: tabardd run --config $STATE/ca/tabard.yaml"
: >"$demo/tabardd.log"
"$BUILD/ca/tabardd" run --config "$STATE/ca/tabard.yaml" >"$demo/tabardd.log" 2>&1 &
ca=$!
pids="$ca $pids"
wait_for $ca "$demo/tabardd.log" '^tabardd: ready' tabardd
grep '^tabardd: ready' "$demo/tabardd.log"

say "certificate: lego, as Debian ships it, asks for $NAME and answers http-01 on port $HTTP_PORT"
verb=run
[ ! -f "$demo/lego/certificates/$NAME.crt" ] || verb='renew --days 1000 --no-random-sleep'
LEGO_CA_CERTIFICATES=$STATE/ca/root-server.pem lego --server "https://localhost:$CA_PORT/directory" \
    --email demo@demo.test --accept-tos --path "$demo/lego" --domains "$NAME" --http --http.port "127.0.0.1:$HTTP_PORT" \
    $verb >"$demo/lego.log" 2>&1 || fail "lego got no certificate" "$demo/lego.log"
tail -n 3 "$demo/lego.log"
openssl x509 -in "$demo/lego/certificates/$NAME.crt" -noout -serial -issuer -dates \
    -ext subjectAltName,extendedKeyUsage,keyUsage
openssl verify -CAfile "$STATE/ca/root-server.pem" -untrusted "$STATE/ca/issuing-server.pem" -purpose sslserver \
    "$demo/lego/certificates/$NAME.crt"
# A CA that an older version made may have no responder; then its directory does not offer the profile.
directory=https://localhost:$CA_PORT/directory
if curl -s --cacert "$STATE/ca/root-server.pem" "$directory" | grep -q '"client"'; then
    say "client certificate: tabard proves control of $CLIENT by http-01, and its use by connecting out to the CA (tls-client-01)"
    "$BUILD/cli/tabard" get "$CLIENT" --profile client --http "127.0.0.1:$HTTP_PORT" --server "$directory" \
        --ca "$STATE/ca/root-server.pem" --dir "$demo/tabard" >"$demo/tabard.log" 2>&1 ||
        fail "tabard got no certificate" "$demo/tabard.log"
    cat "$demo/tabard.log"
    leaf=$demo/tabard/$CLIENT/cert.pem
    openssl x509 -in "$leaf" -noout -subject -issuer -dates -ext subjectAltName,extendedKeyUsage
    openssl verify -CAfile "$STATE/ca/root-client.pem" -untrusted "$STATE/ca/issuing-client.pem" -purpose sslclient "$leaf"
    if openssl verify -CAfile "$STATE/ca/root-client.pem" -untrusted "$STATE/ca/issuing-client.pem" -purpose sslserver \
        "$leaf" >"$demo/verify.log" 2>&1; then
        fail "a client's certificate passed as a server's" "$demo/verify.log"
    fi
    echo "and as a server it is refused: $(grep -m 1 error "$demo/verify.log")"
fi
say "the CA's own view: tabard ca list --dir $STATE/ca"
"$BUILD/cli/tabard" ca list --dir "$STATE/ca"

if [ -n "${ONCE:-}" ]; then
    say "done (ONCE=1). Next: make check, or make run without ONCE to keep the CA up"
    exit 0
fi
cat <<EOF

== the CA goes on serving; stop it with Ctrl-C. Next, in another terminal:
    curl --cacert $STATE/ca/root-server.pem https://localhost:$CA_PORT/directory
    $BUILD/cli/tabard ca status --dir $STATE/ca
    any ACME client: any name under demo.test points to this machine, http-01 is asked on port $HTTP_PORT
  and then: make check, make install, tabardd init --help
EOF
wait $ca
