#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the guest's initramfs out of programs of the toolchain tree; runs inside that tree. What comes of it is the
# same wherever it is made: the keys of an SSH server are none of it.
#   SRC  this folder        OUT  an empty folder for: initramfs.cpio
set -euo pipefail
: "${SRC:?}" "${OUT:?}"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
programs=(
  /usr/bin/dash /usr/sbin/dropbear /usr/sbin/ethtool /usr/bin/iperf3 /usr/bin/kmod /usr/bin/ping
  "$(command -v ip)"
)

mkdir -p "$root"/{bin,dev,proc,sys,run,sim,tmp,lib/modules/ferrolab,root,etc,usr/sbin,usr/bin,usr/lib}
ln -s bin "$root/sbin"
ln -s ../run "$root/var"
ln -s lib "$root/lib64"

cp "$(command -v busybox)" "$root/bin/busybox"
while read -r applet; do
  case $applet in sh | ip | insmod | rmmod | lsmod | modprobe | modinfo | ping | busybox) continue ;; esac
  ln -s busybox "$root/bin/$applet"
done < <("$root/bin/busybox" --list)

for program in "${programs[@]}"; do
  install -m 755 "$program" "$root/usr/sbin/"
  # Libraries go to /lib, where the loader looks by default.
  while read -r library; do
    install -m 755 "$library" "$root/lib/"
  done < <(ldd "$program" | grep -o '/[^ ]*')
done
# Opened by name when a thread is cancelled, which no list of libraries tells: iperf3 does that at its end.
install -m 755 "$(ldconfig -p | sed -n 's/.*libgcc_s\.so\.1 .*x86-64.* => //p' | head -n 1)" "$root/lib/"

# Not busybox's sh: that one prefers its own ip, ping and insmod to the real ones.
ln -s ../usr/sbin/dash "$root/bin/sh"
for name in insmod rmmod lsmod modprobe modinfo; do ln -s kmod "$root/usr/sbin/$name"; done
strip --strip-unneeded "$root"/lib/*.so* "$root"/usr/sbin/{dropbear,ethtool,iperf3,kmod,ip,ping} 2>/dev/null || true

cp -r "$SRC/rootfs/." "$root/"
for source in "$SRC"/programs/*.c; do
  clang -O2 -static -s -Wall -Wextra -Werror -ffile-prefix-map="$SRC"=. -o "$root/usr/sbin/$(basename "$source" .c)" "$source"
done
chmod 755 "$root/init" "$root"/usr/sbin/*

# Unpacking costs the guest more than copying, so the archive is not compressed.
find "$root" -exec touch -hd @0 {} +
(cd "$root" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) >"$OUT/initramfs.cpio"
