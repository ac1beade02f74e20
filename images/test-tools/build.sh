#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the tree for tests: a Debian 13 in a folder, with a database server and a browser.
# Runs on the host, as root or as a user with user namespaces.
#   SRC  this folder      OUT  the folder to fill      SUITE  Debian suite
set -euo pipefail
: "${SRC:?}" "${OUT:?}" "${SUITE:?}"

packages=$(grep -v '^#' "$SRC/packages.txt" | paste -sd,)
mode=root
[ "$(id -u)" = 0 ] || mode=unshare

# A tree left by a build that was cut short has no use: packages are not resumable one by one.
rm -rf "$OUT" && mkdir -p "$OUT"
# Each test makes a database cluster of its own. PostgreSQL wants to know the name of who runs it.
mmdebstrap --mode="$mode" --variant=minbase --include="$packages" \
  --aptopt='Acquire::Retries "3"' \
  --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/etc/postgresql-common"' \
  --essential-hook='echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
  --customize-hook='echo "tester:x:1000:1000::/tmp:/bin/sh" >>"$1/etc/passwd"' \
  --customize-hook='mkdir -p "$1/lab"' \
  --format=tar "$SUITE" - |
  tar -x -C "$OUT" --exclude='./dev/*' --no-same-owner
