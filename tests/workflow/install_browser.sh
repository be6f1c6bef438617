#!/usr/bin/env bash
# A browser for the tests of the pages, from Debian's packages. Without it those tests are skipped
# and say so.
set -euo pipefail
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Chromium comes from Debian's packages and needs root: not installed" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends chromium
