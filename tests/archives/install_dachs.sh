#!/usr/bin/env bash
# A real TAP server for the tests of the archives: DaCHS and the Postgres it needs, from Debian 12.
# 90 MB to fetch, 550 MB on disk, under a minute. Without it those tests are skipped and say so.
set -euo pipefail
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "DaCHS comes from Debian's packages and needs root: not installed" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# Naming postgresql-15 itself would take its newest version, on which pg_sphere 1.2.0 cannot be made.
apt-get install -y -q --no-install-recommends \
    python3-gavo postgresql-15-q3c postgresql-15-pgsphere
