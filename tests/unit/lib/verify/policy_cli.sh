#!/bin/sh
# tabard policy: exit statuses and first lines, as tabard-policy(1) has them.
set -eu
tabard=$1
chains=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
key=$(openssl x509 -in "$chains/issuing.pem" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1)
cat >"$dir/good.yaml" <<END
version: 1
issuers:
  one: sha256:$key
entries:
  - name: a
    who:
      dns: a.example.test
      issuer: one
      purpose: clientAuth
    what: orders
    until: never
    as: ann
    mode: shadow
...
END
head -c 200 "$dir/good.yaml" >"$dir/half.yaml"
: >"$dir/empty.yaml"

expect() { # STATUS FIRST-LINE ARGUMENTS...
    want=$1
    line=$2
    shift 2
    status=0
    out=$("$tabard" policy "$@" 2>/dev/null) || status=$?
    first=$(printf '%s\n' "$out" | head -n 1)
    [ "$status" -eq "$want" ] && case $first in "$line"*) true ;; *) false ;; esac || {
        echo "policy $*: expected $want \"$line\", got $status \"$first\""
        exit 1
    }
}
ask() { # STATUS REASON POLICY CHAIN ROLE RESOURCE
    expect "$1" "$2" test "$dir/$3.yaml" --cert "$chains/$4.pem" --anchors "$chains/roots.pem" --role "$5" \
        --resource "$6" --time 2027-01-01T00:00:00Z
}

ask 0 allowed good eku-both client orders
ask 1 eku-other good eku-server client orders
ask 1 eku-absent good eku-none client orders
ask 1 resource-not-granted good eku-both client bills
ask 1 purpose-not-granted good eku-both server orders
ask 1 chain-too-long good chain-17 client orders
ask 1 policy-broken half eku-both client orders
ask 1 policy-broken empty eku-both client orders
ask 2 '' missing eku-both client orders
ask 2 '' good missing client orders
ask 2 '' good eku-both friend orders
expect 0 '{' test "$dir/good.yaml" --cert "$chains/eku-both.pem" --anchors "$chains/roots.pem" --role client \
    --resource orders --time 2027-01-01T00:00:00Z --json
expect 1 revoked test "$dir/good.yaml" --cert "$chains/revoked.pem" --anchors "$chains/roots.pem" --role client \
    --resource orders --time 2027-01-01T00:00:00Z --crl "$chains/fresh.crl"
expect 1 crl-stale test "$dir/good.yaml" --cert "$chains/eku-both.pem" --anchors "$chains/roots.pem" --role client \
    --resource orders --time 2027-01-01T00:00:00Z --crl "$chains/stale.crl"
expect 0 "$dir/good.yaml: 1 entries" check "$dir/good.yaml"
expect 1 "$dir/half.yaml: " check "$dir/half.yaml"
expect 1 "$dir/empty.yaml: " check "$dir/empty.yaml"
expect 2 '' check "$dir/missing.yaml"
expect 2 '' test "$dir/good.yaml"
expect 2 '' nonsense "$dir/good.yaml"
