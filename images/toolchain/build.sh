#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the toolchain tree: a Debian 13 in a folder, in which everything else is built and QEMU runs.
# Runs on the host, as root or as a user with user namespaces.
#   SRC  this folder      WORK  scratch space      OUT  the folder to fill      SUITE  Debian suite
set -euo pipefail
: "${SRC:?}" "${WORK:?}" "${OUT:?}" "${SUITE:?}"

packages=$(grep -v '^#' "$SRC/packages.txt" | paste -sd,)
mode=root
[ "$(id -u)" = 0 ] || mode=unshare

# A tree left by a build that was cut short has no use: packages are not resumable one by one.
rm -rf "$OUT" && mkdir -p "$OUT"
mmdebstrap --mode="$mode" --variant=minbase --include="$packages" \
  --aptopt='Acquire::Retries "3"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/src/rustc-*/src/*' \
  --dpkgopt='path-exclude=/usr/src/rustc-*/compiler/*' \
  --dpkgopt='path-include=/usr/src/rustc-*/library/*' \
  --customize-hook='mkdir -p "$1/lab"' \
  --format=tar "$SUITE" - |
  tar -x -C "$OUT" --exclude='./dev/*' --no-same-owner

# Backports and sources come from the mirror that mmdebstrap chose.
awk -v suite="$SUITE" '$1 == "deb" && $3 == suite {
  print "deb", $2, suite "-backports", "main"
  print "deb-src", $2, suite, "main"
}' "$OUT/etc/apt/sources.list" >"$OUT/etc/apt/sources.list.d/sources-of-the-lab.list"
touch "$OUT/etc/resolv.conf"
