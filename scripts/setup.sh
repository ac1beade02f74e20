#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Puts on this machine what the lab needs before it can build the rest: a few Debian packages and
# the npm packages. Does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  say "$1"
  say "$2"
  exit 3
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_system_packages() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v bwrap >/dev/null || missing+=(bubblewrap)
  command -v flock >/dev/null || missing+=(util-linux)
  command -v zstd >/dev/null || missing+=(zstd)
  # better-sqlite3 is compiled where npm has no binary for it.
  command -v g++ >/dev/null || missing+=(g++)
  command -v python3 >/dev/null || missing+=(python3)
  [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || missing+=(uidmap)
  if ! command -v node >/dev/null; then
    # Debian 13 has Node 20.19; Debian 12 has 18, which is too old.
    [ "$(apt-cache policy nodejs 2>/dev/null | sed -n 's/ *Candidate: \([0-9]*\).*/\1/p')" -ge 20 ] 2>/dev/null && missing+=(nodejs npm)
  fi
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null || die "these programs are missing: ${missing[*]}" "Install them; without apt-get this script cannot."
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing: ${missing[*]}" "Install them as root: apt-get install ${missing[*]}"
    say "sudo will be used to run: apt-get install ${missing[*]}"
  else
    say "installing with apt-get: ${missing[*]}"
  fi
  # The package lists may be too old, or absent; only then are they fetched.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; } ||
    die "apt-get could not install ${missing[*]}" "Check the network and the package sources, then run the same command again."
}

check_node() {
  command -v node >/dev/null || die 'Node.js is missing' 'Install Node 20.19 or newer (Debian 13: apt-get install nodejs npm).'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 14) || a > 22 ? 0 : 1)' ||
    die "Node $(node --version) is too old" 'Install Node 20.19 or newer, or 22.14 or newer.'
}

# Node's own headers where they are installed: node-gyp would download them.
node_headers() {
  local prefix
  prefix=$(node -p 'require("path").dirname(require("path").dirname(fs.realpathSync(process.execPath)))')
  if [ -e "$prefix/include/node/node.h" ]; then export npm_config_nodedir=$prefix; fi
}

install_npm_packages() {
  local stamp=node_modules/.setup-stamp wanted
  wanted=$( (cat package-lock.json && node --version) | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say 'installing npm packages'
  # Of the packages with install scripts only better-sqlite3 needs its script.
  npm ci --ignore-scripts --progress=false --loglevel=error >&2 || die 'npm could not install the packages' 'Check the network, then run the same command again.'
  say 'compiling better-sqlite3 (about a minute)'
  node_headers
  npm rebuild better-sqlite3 --progress=false --loglevel=error >&2 &
  local native=$!
  # The compiler keeps one core busy; unpacking the toolchain tree can use the other.
  node lab/bin/ferrolab.js build toolchain >/dev/null || { local status=$?; wait $native || true; exit $status; }
  wait $native || die 'better-sqlite3 could not be compiled' 'Read the messages above; g++, make and python3 are needed.'
  echo "$wanted" >"$stamp"
}

install_system_packages
check_node
install_npm_packages
