#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds QEMU with our device; runs inside the toolchain tree.
#   /lab/pristine  Debian's unpacked source (read-only)    /lab/device  qemu-device/
#   /lab/build     scratch; ninja goes on in it                     /lab/out     gets bin/ plugins/ share/ tests/ qapi/
#   JOBS           parallel jobs             SANITIZE  yes or no
set -euo pipefail
: "${JOBS:?}"

if [ ! -e /lab/build/.copied ]; then
  rm -rf /lab/build/source
  cp -r --reflink=auto /lab/pristine /lab/build/source
  touch /lab/build/.copied
fi
bash /lab/device/install.sh /lab/build/source
SRC=/lab/build/source BUILD=/lab/build/objects OUT=/lab/out JOBS=$JOBS SANITIZE=${SANITIZE:-no} bash /lab/recipe/configure.sh
