#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds one driver module; runs inside the toolchain tree.
#   /lab/driver  sources (read-only)       /lab/source /lab/build  the kernel's source and object tree
#   /lab/module  scratch                   /lab/out    gets MODULE.ko, driver.cpio, warnings.txt
#   MODULE       name without .ko          PATCH       a patch to apply first, or empty
set -euo pipefail
: "${MODULE:?}"
. "${BASH_SOURCE%/*}/pack.sh"

rm -rf /lab/module/* && cp -r /lab/driver/. /lab/module/
[ -z "${PATCH:-}" ] || patch -d /lab/module -p1 --forward --fuzz=0 <"$PATCH"

make -C /lab/build M=/lab/module LLVM=1 -j2 modules 2>&1 | tee /lab/module/build.log
grep -E 'warning:|error:' /lab/module/build.log >/lab/out/warnings.txt || true
pack "$MODULE"
