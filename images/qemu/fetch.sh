#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches and unpacks QEMU's Debian source package; runs inside the toolchain tree, with network.
# Debian's patches are part of it: they let it configure without downloads.
#   PACKAGE VERSION CHECKSUMS (lines of sha256sum) from images/sources.lock.json     /lab/out  gets the source
set -euo pipefail
: "${PACKAGE:?}" "${VERSION:?}" "${CHECKSUMS:?}"

cd /lab/build
apt_get() { apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Dir::State::lists=/lab/build/lists -o Dir::Cache=/lab/build "$@"; }
mkdir -p lists/partial archives/partial
apt_get update
apt_get source --download-only "$PACKAGE=$VERSION" || {
  echo "fetch.sh: $PACKAGE $VERSION is not in the archive any more; set LAB_QEMU_SRC to a folder with its unpacked source" >&2
  exit 1
}
sha256sum --check --quiet <<<"$CHECKSUMS" || { echo "fetch.sh: a checksum differs from images/sources.lock.json" >&2; exit 1; }
dpkg-source --no-check -x ./*.dsc unpacked
mv unpacked/* unpacked/.[!.]* /lab/out/ 2>/dev/null || true
test -e /lab/out/configure
