# shellcheck shell=bash
# What bin/dev and bin/test share. Sourced, never run. Everything here speaks on stderr.

say() { printf '%s\n' "$*" >&2; }

# What is missing is collected, so that one run names all of it.
missing=()
need() { missing+=("$*"); }

stop_if_missing() {
  local line
  [ "${#missing[@]}" -eq 0 ] && return
  say "bin/$(basename "$0"): this machine lacks"
  for line in "${missing[@]}"; do say "  - $line"; done
  exit 1
}

# Finds a cargo that runs. rustup looks for its toolchains under HOME, so a shell with another HOME
# (a container, sudo, a CI job) has a cargo that cannot choose one: the toolchains then lie beside it.
need_cargo() {
  local how='cargo: install Rust with rustup, see https://rustup.rs'
  if ! command -v cargo >/dev/null; then
    if [ ! -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then need "$how"; return; fi
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  fi

  local cargo bin home
  cargo=$(command -v cargo)
  bin=$(cd "$(dirname "$cargo")" && pwd)
  home=$(dirname "$bin") # /home/me/.cargo, /usr/local/cargo
  if [ -z "${RUSTUP_HOME:-}" ] && [ ! -d "${HOME:-}/.rustup/toolchains" ] && [ -x "$bin/rustup" ]; then
    case $home in
      */.cargo) RUSTUP_HOME=${home%/.cargo}/.rustup ;;
      */cargo) RUSTUP_HOME=${home%/cargo}/rustup ;;
    esac
    if [ -d "${RUSTUP_HOME:-}/toolchains" ]; then export RUSTUP_HOME; else unset RUSTUP_HOME; fi
    # The crates already fetched lie there too.
    if [ -z "${CARGO_HOME:-}" ] && [ ! -d "${HOME:-}/.cargo" ] && [ -w "$home" ]; then export CARGO_HOME=$home; fi
  fi

  local answer
  if ! answer=$(cargo --version 2>&1); then
    need "a Rust toolchain: $cargo is there, but says: ${answer%%$'\n'*}
    rust-toolchain.toml names the version; 'rustup toolchain install' in this folder fetches it"
  fi
}

# SQLite, which the local program carries, is compiled from C; linking needs cc as well.
need_c_compiler() {
  local cc=${CC:-cc}
  cc=${cc%% *}
  if ! command -v "$cc" >/dev/null; then
    need "a C compiler ($cc), which builds SQLite: Debian, Ubuntu 'apt install build-essential';" \
      "Fedora 'dnf install gcc'; macOS 'xcode-select --install'"
  elif ! printf '#include <stdlib.h>\n' | "$cc" -fsyntax-only -x c - 2>/dev/null; then
    need "the C library's headers ($cc finds no stdlib.h): Debian, Ubuntu 'apt install build-essential';" \
      "Fedora 'dnf install glibc-devel'"
  fi
}

# Where cargo puts what it builds.
target_dir() {
  local dir=${CARGO_TARGET_DIR:-target}
  case $dir in /*) printf '%s\n' "$dir" ;; *) printf '%s\n' "$PWD/$dir" ;; esac
}

NODE=20.19 # what web/ is built with wants it

node_version() { node --version 2>/dev/null || printf 'none\n'; }

node_is_new() {
  local version
  version=$(node_version)
  [ "$version" != none ] && [ "$(printf '%s\n' "$NODE" "${version#v}" | sort -V | head -n 1)" = "$NODE" ]
}

install_web() {
  [ web/node_modules/.package-lock.json -nt web/package-lock.json ] || (cd web && npm ci --no-audit --no-fund)
}

need_node() {
  node_is_new ||
    need "node $NODE or newer, for web/ and the official Pusher SDKs (this is $(node_version)); see https://nodejs.org"
  command -v npm >/dev/null || need 'npm, which installs them; it comes with node (Debian: apt install npm)'
}
