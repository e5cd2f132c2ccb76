#!/bin/sh
# Install what is missing of the Debian packages listed in debian-packages.txt.
#   packaging/deps.sh SECTION...        build, run, test, full
# Root installs; others are told the one command to run.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=$here/debian-packages.txt

present() { # CHECK
    kind=${1%%:*} arg=${1#*:}
    case $kind in
    cmd) command -v "$arg" >/dev/null 2>&1 || [ -x "/usr/sbin/$arg" ] ;;
    hdr) printf '#include <%s>\n' "$arg" | ${CC:-cc} -E -x c - >/dev/null 2>&1 ;;
    pc) pkg-config --exists "$arg" 2>/dev/null ;;
    py) /usr/bin/python3 -c "import $arg" 2>/dev/null ;;
    file) [ -e "$arg" ] ;;
    clang) echo 'int main(void) { return 0; }' | clang -fsanitize="$arg" -x c - -o /dev/null >/dev/null 2>&1 ;;
    *) echo "deps: unknown check '$1' in $list" >&2 && exit 2 ;;
    esac
}

wanted() { # SECTION...
    for section; do
        sed -e 's/#.*//' "$list" | while read -r s package check; do
            [ "$s" = "$section" ] || continue
            present "$check" || echo "$package"
        done
    done | sort -u
}

choose() { # A|B -> the first that apt knows
    for package in $(echo "$1" | tr '|' ' '); do
        if apt-cache show "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
    echo "${1%%|*}"
}

[ $# -gt 0 ] || { echo "usage: packaging/deps.sh SECTION... (build, run, test, full)" >&2; exit 2; }
missing=$(wanted "$@")
if [ -z "$missing" ]; then
    echo "deps: everything for '$*' is installed"
    exit 0
fi
command -v apt-get >/dev/null || { echo "deps: not a Debian system; needed: $(echo $missing)" >&2; exit 1; }
if [ "$(id -u)" -ne 0 ]; then
    echo "deps: missing: $(echo $missing)" >&2
    echo "deps: run this once as root (sudo), then again what you ran:" >&2
    echo "    apt-get install --no-install-recommends $(for p in $missing; do choose "$p"; done | tr '\n' ' ')" >&2
    exit 1
fi

# Servers in the list are for tests that start them themselves: none may start now (invoke-rc.d asks this file).
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    made_policy=yes
fi
trap '[ -z "$made_policy" ] || rm -f $policy' EXIT
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
echo "deps: apt-get update"
apt-get -q update >"$log" 2>&1 || { tail -n 5 "$log" >&2; echo "deps: apt-get update failed; trying with the lists at hand" >&2; }
packages=$(for p in $missing; do choose "$p"; done)
echo "deps: installing $(echo $packages)"
if ! apt-get -q -y install --no-install-recommends $packages >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "deps: apt-get install failed; its log is $log" >&2
    exit 1
fi
rm -f "$log"
left=$(wanted "$@")
[ -z "$left" ] || { echo "deps: still missing after installation: $(echo $left)" >&2; exit 1; }
echo "deps: done"
