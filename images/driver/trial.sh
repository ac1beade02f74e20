#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tries to build a driver that has a mistake in it, and writes down what the tools say; a driver that
# does not compile is a result. Runs inside the toolchain tree; folders and MODULE as for build.sh.
#   PATCH   a patch to apply first, or empty
#   STRIP   how many folders of the patch's paths to drop: numbers to try, in order
#   FUZZ    lines of context that may differ
#   /lab/clean  what this script left of the driver without the patch
# /lab/out gets
#   status      compiled, build-failed, or patch-failed
#   build.log   what make said, with W=1 for a driver in C
#   sparse      ran, failed, or absent; sparse.log: what it said
#   identity    hash of the module, or the status
# and, when it compiled, MODULE.ko and driver.cpio, and of a driver in C without a patch module/: its objects.
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
      patch -d /lab/module -p"$level" --forward --fuzz="$FUZZ" --no-backup-if-mismatch <"$PATCH"
      return
    fi
  done
  patch -d /lab/module -p"${STRIP%% *}" --forward --fuzz="$FUZZ" --dry-run <"$PATCH"
  return 1
}

# The files that the patch changes; fails unless they are all in C, and none is new or gone: make does not
# see all that comes out differently then.
patched_files() {
  local names file
  names=$(cd /lab/driver && find . -type f | sort)
  [ "$names" = "$(cd /lab/module && find . -type f | sort)" ] || return
  while read -r file; do
    cmp -s "/lab/driver/$file" "/lab/module/$file" && continue
    [[ $file = *.[ch] ]] || return
    echo "/lab/module/$file"
  done <<<"$names"
}

# Takes over the objects of the clean driver, for make to compile again only what the patch touches.
take_objects() {
  local patched
  [ -d /lab/clean/module ] && patched=$(patched_files) || return
  cp -r --update=none /lab/clean/module/. /lab/module/ || exit 1
  # For make: objects are as old as what they were made of, and older than what the patch changes.
  find /lab/module -exec touch --date='1 second ago' {} + || exit 1
  [ -z "$patched" ] || xargs -d '\n' touch <<<"$patched" || exit 1
}

# What make said while it checked sources (1), or did all else (0).
said() { # CHECKING
  awk -v wanted="$1" '/^  [A-Z]+ |^make/ { checking = /^  CHECK / } checking == wanted' /tmp/make.log
}

# What make said in a log of the clean driver of files that it has not compiled or checked again.
said_before() { # LOG
  [ -n "$taken" ] || return 0
  awk 'NR == FNR { again[$0]; next }
    /^  [A-Z]+ |^make/ { before = /^  (CC|CHECK) / && !($0 in again) }
    before' /tmp/make.log "/lab/clean/$1"
}

find /lab/module /lab/out -mindepth 1 -delete
cp -r /lab/driver/. /lab/module/ || exit 1
echo absent >/lab/out/sparse
: >/lab/out/sparse.log
if [ -n "${PATCH:-}" ]; then
  apply >/lab/out/build.log 2>&1 || { cat /lab/out/build.log; finish patch-failed; }
fi
taken=
[ -z "${PATCH:-}" ] || ! take_objects || taken=yes

checks=()
if ! ls /lab/module/*.rs >/dev/null 2>&1; then
  # What is said of a file stays together, for the logs to be taken apart.
  checks=(W=1 --output-sync=target)
  ! command -v sparse >/dev/null || checks+=(C=1 CHECK=/lab/recipe/sparse.sh)
fi
make -C /lab/build M=/lab/module LLVM=1 -j2 "${checks[@]}" modules 2>&1 | tee /tmp/make.log
made=${PIPESTATUS[0]}
{ said_before build.log && said 0; } >/lab/out/build.log
[ "$made" = 0 ] || finish build-failed

if [[ ${checks[*]} = *C=1* ]]; then
  { said_before sparse.log && said 1; } >/lab/out/sparse.log
  # make goes on without a checker that it does not like.
  if [ ! -e /tmp/sparse-failed ] && grep -q '^  CHECK ' /lab/out/sparse.log; then
    echo ran >/lab/out/sparse
  else
    echo failed >/lab/out/sparse
  fi
fi
set -e
pack "$MODULE"
[ -n "${PATCH:-}" ] || [ ${#checks[@]} = 0 ] || cp -r /lab/module /lab/out/module
sha256sum <"/lab/out/$MODULE.ko" >/lab/out/identity
finish compiled
