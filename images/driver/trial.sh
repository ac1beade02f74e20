#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tries to build a driver that has a mistake in it, and writes down what the tools say; a driver that
# does not compile is a result. Runs inside the toolchain tree; folders and MODULE as for build.sh.
#   PATCH   a patch to apply first, or empty
#   STRIP   how many folders of the patch's paths to drop: numbers to try, in order
#   FUZZ    lines of context that may differ
# /lab/out gets
#   status      compiled, build-failed, or patch-failed
#   build.log   what make said, with W=1 for a driver in C
#   sparse      ran, failed, or absent; sparse.log: what it said
#   identity    hash of the module, or the status
# and, when it compiled, MODULE.ko and driver.cpio.
set -uo pipefail
: "${MODULE:?}" "${STRIP:=1}" "${FUZZ:=0}"
. "${BASH_SOURCE%/*}/pack.sh"

finish() { # STATUS
  echo "$1" >/lab/out/status
  [ -e /lab/out/identity ] || echo "$1" >/lab/out/identity
  exit 0
}

apply() {
  local level
  for level in $STRIP; do
    if patch -d /lab/module -p"$level" --forward --fuzz="$FUZZ" --dry-run <"$PATCH" >/dev/null; then
      patch -d /lab/module -p"$level" --forward --fuzz="$FUZZ" <"$PATCH"
      return
    fi
  done
  patch -d /lab/module -p"${STRIP%% *}" --forward --fuzz="$FUZZ" --dry-run <"$PATCH"
  return 1
}

rm -rf /lab/module/* /lab/out/*
cp -r /lab/driver/. /lab/module/ || exit 1
echo absent >/lab/out/sparse
: >/lab/out/sparse.log
if [ -n "${PATCH:-}" ]; then
  apply >/lab/out/build.log 2>&1 || { cat /lab/out/build.log; finish patch-failed; }
fi

kernel_make() { make -C /lab/build M=/lab/module LLVM=1 "$@"; }
warnings=
ls /lab/module/*.rs >/dev/null 2>&1 || warnings=W=1
kernel_make $warnings -j2 modules 2>&1 | tee /lab/out/build.log
[ "${PIPESTATUS[0]}" = 0 ] || finish build-failed

if [ -n "$warnings" ] && command -v sparse >/dev/null; then
  kernel_make "$warnings" C=2 CHECK=/lab/recipe/sparse.sh modules 2>&1 | tee /lab/out/sparse.log
  made=${PIPESTATUS[0]}
  # make goes on without a checker that it does not like.
  if [ "$made" = 0 ] && grep -q '^  CHECK ' /lab/out/sparse.log; then
    echo ran >/lab/out/sparse
  else
    echo failed >/lab/out/sparse
  fi
fi
set -e
pack "$MODULE"
sha256sum <"/lab/out/$MODULE.ko" >/lab/out/identity
finish compiled
