#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the kernel's source package; runs inside the toolchain tree, with network.
#   PACKAGE VERSION TARBALL SHA256 from images/sources.lock.json     /lab/out  gets the tarball
set -euo pipefail
: "${PACKAGE:?}" "${VERSION:?}" "${TARBALL:?}" "${SHA256:?}"

cd /lab/build
apt_get() { apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Dir::State::lists=/lab/build/lists -o Dir::Cache=/lab/build "$@"; }
mkdir -p lists/partial archives/partial
apt_get update
apt_get download "$PACKAGE=$VERSION" || {
  echo "fetch.sh: $PACKAGE $VERSION is not in the archive any more; set LAB_KERNEL_SRC to a folder or tarball with Linux $VERSION" >&2
  exit 1
}
dpkg-deb --fsys-tarfile "$PACKAGE"_*.deb | tar -x -O -f - "./usr/src/$TARBALL" >"$TARBALL"
echo "$SHA256  $TARBALL" | sha256sum --check --quiet || { echo "fetch.sh: the checksum of $TARBALL differs from images/sources.lock.json" >&2; exit 1; }
mv "$TARBALL" /lab/out/
rm -f ./*.deb
