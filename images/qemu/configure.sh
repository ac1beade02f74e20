#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds QEMU with the ferronic NIC. Runs inside the toolchain tree, offline.
#
#   SRC    unpacked QEMU source, already prepared by qemu-device/install.sh
#   BUILD  build directory; an existing one is continued
#   OUT    where the result goes: bin/, plugins/, share/qemu/, tests/, qapi/
#   JOBS   compiler processes (default: all cores)
#   SANITIZE  "yes": with the address and undefined behaviour sanitizers, and symbols
set -eu
: "${SRC:?}" "${BUILD:?}" "${OUT:?}"
JOBS=${JOBS:-$(nproc)}
SANITIZE=${SANITIZE:-no}

if [ "$SANITIZE" = yes ]; then
    # What a sanitizer says needs names and lines. QEMU never frees much of what it allocates once.
    set -- --enable-asan --enable-ubsan --enable-debug-info
    export ASAN_OPTIONS=detect_leaks=0
else
    set -- --disable-debug-info
fi

mkdir -p "$BUILD"
cd "$BUILD"
if [ ! -f build.ninja ]; then
    "$SRC/configure" \
        --target-list=x86_64-softmmu \
        --without-default-features \
        --without-default-devices \
        --with-devices-x86_64=ferrolab \
        --enable-tcg \
        --enable-kvm \
        --enable-seccomp \
        --enable-zstd \
        --enable-fdt=system \
        --enable-trace-backends=log \
        --enable-plugins \
        --disable-docs \
        --disable-user \
        --disable-tools \
        --disable-install-blobs \
        --disable-werror \
        "$@"
fi

ninja -j "$JOBS" qemu-system-x86_64 tests/qtest/ferronic-test

mkdir -p "$OUT/bin" "$OUT/tests" "$OUT/share/qemu" "$OUT/qapi" "$OUT/plugins"
# By hand: QEMU would build all of its own too.
for plugin in driver_blocks driver_calls; do
    cc -shared -fPIC -O2 -Wall -Werror -I"$SRC/include/qemu" $(pkg-config --cflags glib-2.0) \
        -o "$OUT/plugins/$plugin.so" "$SRC/contrib/plugins/$plugin.c" $(pkg-config --libs glib-2.0)
done
place() {
    if [ "$SANITIZE" = yes ]; then
        cp "$1" "$2"
    else
        strip -o "$2" "$1"
    fi
}
place qemu-system-x86_64 "$OUT/bin/qemu-system-x86_64"
place tests/qtest/ferronic-test "$OUT/tests/ferronic-test"
cp "$SRC"/qapi/*.json "$OUT/qapi/"
for blob in bios-256k.bin linuxboot_dma.bin pvh.bin kvmvapic.bin; do
    for dir in "$BUILD/pc-bios" "$SRC/pc-bios" /usr/share/seabios /usr/share/qemu /usr/lib/ipxe/qemu; do
        if [ -f "$dir/$blob" ]; then
            cp -L "$dir/$blob" "$OUT/share/qemu/$blob"
            continue 2
        fi
    done
    echo "firmware $blob not found" >&2
    exit 1
done
