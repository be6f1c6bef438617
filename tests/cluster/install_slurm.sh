#!/usr/bin/env bash
# A real Slurm for the tests of the cluster profile, from Debian's packages: 60 MB, some seconds.
# Without it those tests are skipped and say so.
set -euo pipefail
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Slurm comes from Debian's packages and needs root: not installed" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends slurm-wlm slurmctld slurmd slurm-client munge
