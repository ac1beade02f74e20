#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Adds to the guest's initramfs what logging in takes: new keys, which nobody else has. Runs inside the toolchain tree.
#   INITRAMFS  the archive without keys        OUT  an empty folder for: initramfs.cpio client_key host_key.pub
set -euo pipefail
: "${INITRAMFS:?}" "${OUT:?}"

keys=$(mktemp -d)
work=$(mktemp -d)
trap 'rm -rf "$keys" "$work"' EXIT

mkdir -p "$keys"/{root/.ssh,etc/dropbear}
chmod 700 "$keys/root" "$keys/root/.ssh"
dropbearkey -t ed25519 -f "$keys/etc/dropbear/host_key" >/dev/null
dropbearkey -y -f "$keys/etc/dropbear/host_key" | grep '^ssh-ed25519' >"$OUT/host_key.pub"
dropbearkey -t ed25519 -f "$work/client" >/dev/null
dropbearkey -y -f "$work/client" | grep '^ssh-ed25519' >"$keys/root/.ssh/authorized_keys"
dropbearconvert dropbear openssh "$work/client" "$OUT/client_key" 2>/dev/null
rm -f "$keys/etc/dropbear/host_key.pub"
chmod 600 "$keys/root/.ssh/authorized_keys" "$OUT/client_key"

# The kernel unpacks one archive after the other; cpio fills each up to a multiple of 512 bytes.
cp "$INITRAMFS" "$OUT/initramfs.cpio"
(cd "$keys" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >>"$OUT/initramfs.cpio"
