#!/usr/bin/env bash
# Installs the servers that tests are run against from Debian's packages, where they are missing: `bash scripts/install-servers.sh redis postgres`.
# What can't be had is named, and makes it fail; MongoDB and KurrentDB are not among Debian's packages (see docker-compose.yml).
set -uo pipefail

has_redis() { command -v redis-server; }
has_postgres() { command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'; }
has_kcat() { command -v kcat; }
package_redis=redis-server
package_postgres=postgresql
# A Kafka client: what our own broker is checked by.
package_kcat=kcat

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

install() {
    # The tests start servers of their own: the package's needn't run.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y --no-install-recommends install "$1"
}

code=0
updated=
for server in "$@"; do
    if "has_$server" >/dev/null; then
        echo "$server: $("has_$server" | head -n 1)"
        continue
    fi
    package="package_$server"
    if [[ -z $updated ]] && command -v apt-get >/dev/null; then
        as_root apt-get -q update >/dev/null || true
        updated=1
    fi
    if install "${!package}" >/dev/null && "has_$server" >/dev/null; then
        echo "$server: installed as ${!package}"
    else
        echo "$server could not be had: apt-get install ${!package} failed" >&2
        code=1
    fi
done
exit $code
