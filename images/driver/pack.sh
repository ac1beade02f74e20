#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sourced: puts a built module into /lab/out, for the symbolizer as it is, for the guest as driver.cpio.

# pack MODULE: name without .ko
pack() {
  local root
  root=$(mktemp -d)
  cp "/lab/module/$1.ko" /lab/out/
  # The guest gets the module without its debug information, which the symbolizer reads on the host.
  mkdir -p "$root/lib/modules/ferrolab"
  llvm-strip --strip-debug -o "$root/lib/modules/ferrolab/$1.ko" "/lab/out/$1.ko"
  find "$root" -exec touch -hd @0 {} +
  (cd "$root" && printf '%s\n' lib lib/modules lib/modules/ferrolab "lib/modules/ferrolab/$1.ko" |
    cpio --quiet -o -H newc -R 0:0 --reproducible) >/lab/out/driver.cpio
}
