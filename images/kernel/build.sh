#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds one flavour of the kernel; runs inside the toolchain tree.
#   /lab/source     the unpacked kernel (read-only)     /lab/build  object tree; kept for building modules
#   /lab/recipe     this folder                         /lab/out    gets vmlinux and .config
#   FRAGMENTS       names of config fragments           JOBS        parallel jobs
set -euo pipefail
: "${FRAGMENTS:?}" "${JOBS:?}"

export KBUILD_BUILD_TIMESTAMP='2026-01-01' KBUILD_BUILD_USER=ferrolab KBUILD_BUILD_HOST=ferrolab KBUILD_BUILD_VERSION=1
kernel_make() { make -C /lab/source O=/lab/build LLVM=1 "$@"; }

if [ ! -e /lab/build/.configured ]; then
  kernel_make rustavailable
  # allnoconfig with the fragments as its answers says no to every other question, also to those that only the
  # fragments bring up (merge_config.sh and olddefconfig would answer these with their defaults: 900 options, not 650).
  (cd /lab/recipe && cat $FRAGMENTS) >/lab/build/fragments.config
  KCONFIG_ALLCONFIG=/lab/build/fragments.config kernel_make allnoconfig
  grep '^CONFIG_' /lab/build/fragments.config | while read -r option; do
    grep -qxF "$option" /lab/build/.config || { echo "build.sh: the kernel does not accept $option" >&2; exit 1; }
  done
  touch /lab/build/.configured
fi

# vmlinux is booted as it is (PVH): a compressed image would only be unpacked again, slowly, under TCG.
kernel_make -j"$JOBS" vmlinux modules

cp /lab/build/vmlinux /lab/build/.config /lab/out/
# What is left is what `make M=` needs to build modules.
find /lab/build \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' \) \
  ! -path '/lab/build/scripts/*' ! -path '/lab/build/tools/*' ! -name 'vmlinux.symvers' -delete
