#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the ferronic NIC into a QEMU source tree: copies the sources and applies
# the hook patches. May be run again; what is already there stays.
set -eu

if [ $# -ne 1 ] || [ ! -f "$1/hw/net/meson.build" ]; then
    echo "usage: $0 QEMU_SRC   (an unpacked QEMU source tree)" >&2
    exit 2
fi
src=$1
here=$(cd "$(dirname "$0")" && pwd)

# Copies only what differs, so that a rebuild stays small.
place() {
    mkdir -p "$(dirname "$2")"
    cmp -s "$1" "$2" || cp "$1" "$2"
}

for file in "$here"/*.c "$here"/*.h "$here"/meson.build "$here"/Kconfig "$here"/trace-events; do
    place "$file" "$src/hw/net/ferronic/$(basename "$file")"
done
for file in "$here"/scheduler/*.c "$here"/scheduler/vcpu-scheduler-internal.h; do
    place "$file" "$src/accel/tcg/$(basename "$file")"
done
place "$here/scheduler/vcpu-scheduler.h" "$src/include/system/vcpu-scheduler.h"
for file in "$here"/port/*; do
    place "$file" "$src/hw/misc/$(basename "$file")"
done
for file in "$here"/plugins/*; do
    place "$file" "$src/contrib/plugins/$(basename "$file")"
done
place "$here/qapi/ferronic.json" "$src/qapi/ferronic.json"
place "$here/tests/ferronic-test.c" "$src/tests/qtest/ferronic-test.c"
for file in "$here"/tests/ferronic/*; do
    place "$file" "$src/tests/qtest/ferronic/$(basename "$file")"
done
place "$here/configs/ferrolab.mak" "$src/configs/devices/x86_64-softmmu/ferrolab.mak"

# What is gone here must not be built there.
for file in "$src"/hw/net/ferronic/*; do
    [ -e "$here/$(basename "$file")" ] || rm "$file"
done
for file in "$src"/tests/qtest/ferronic/*; do
    [ -e "$here/tests/ferronic/$(basename "$file")" ] || rm "$file"
done

for patch in "$here"/patches/*.patch; do
    if patch -d "$src" -p1 -R --dry-run -s -f <"$patch" >/dev/null 2>&1; then
        continue
    fi
    patch -d "$src" -p1 -s -N <"$patch"
done
