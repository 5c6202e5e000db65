# What run and test share: the checkout's own environment, and the Debian packages it needs.
# Sourced, with ROOT set to the checkout. Needs bash 4.4, coreutils and util-linux, nothing else.
# shellcheck shell=bash

readonly VENV="$ROOT/.venv"
readonly APT_LOCK_WAIT_S=120 # unattended-upgrades may be at work on a fresh machine
MISSING=()                   # packages that could not be installed

say() { printf '· %s\n' "$*"; }
warn() { printf '! %s\n' "$*" >&2; }
die() {
    warn "$*"
    exit 1
}

# Runs a command with its output kept for the case that it fails. Usage: quietly LABEL COMMAND…
quietly() {
    local label=$1 log code=0 started=$SECONDS
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/cuems-setup.XXXXXX")
    say "$label"
    "$@" >"$log" 2>&1 </dev/null || code=$?
    if ((code == 0)); then
        ((SECONDS - started < 5)) || say "  done in $((SECONDS - started)) s"
    else
        warn "failed (exit $code): $*"
        tail -n 20 "$log" >&2
    fi
    rm -f "$log"
    return "$code"
}

# Two set-ups in one checkout would write the same environment: the second waits for the first.
lock_setup() {
    exec 9<"$ROOT/deploy/lib.sh"
    flock --nonblock 9 && return
    say "waiting for another set-up in this checkout"
    flock --timeout 1800 9 || die "another set-up in $ROOT has not ended within 30 min"
}

unlock_setup() {
    flock --unlock 9
    exec 9<&-
}

# ---- Debian packages

# Usage: present PACKAGE[=COMMAND]. A command of that name will do, whoever installed it.
present() {
    local package=${1%%=*} command=${1##*=}
    command -v "$command" >/dev/null && return
    command -v dpkg-query >/dev/null || return
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]]
}

# Sets AS_ROOT to the words that make a command root's; asks for a password once, if anyone is there.
become_root() {
    AS_ROOT=()
    ((EUID != 0)) || return 0
    command -v sudo >/dev/null || return 1
    AS_ROOT=(sudo)
    sudo -n true 2>/dev/null && return
    [[ -t 0 ]] || return 1
    say "sudo is needed once, to install: ${MISSING[*]}"
    sudo -v
}

apt_get() {
    "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout="$APT_LOCK_WAIT_S" "$@"
}

apt_install() { apt_get install --yes --no-install-recommends "$@"; }

# Usage: need_packages PACKAGE[=COMMAND]… Whatever stays missing is named, and no error.
need_packages() {
    local wanted
    MISSING=()
    for wanted in "$@"; do
        present "$wanted" || MISSING+=("${wanted%%=*}")
    done
    ((${#MISSING[@]})) || return 0
    if command -v apt-get >/dev/null && become_root; then
        quietly "reading the package lists" apt_get update || true
        quietly "installing ${MISSING[*]}" apt_install "${MISSING[@]}" ||
            install_one_by_one
    fi
    ((${#MISSING[@]})) || return 0
    MISSING=()
    for wanted in "$@"; do
        present "$wanted" || MISSING+=("${wanted%%=*}")
    done
    ((${#MISSING[@]} == 0)) || name_missing
}

install_one_by_one() {
    local package
    for package in "${MISSING[@]}"; do
        quietly "installing $package alone" apt_install "$package" || true
    done
}

name_missing() {
    warn "missing: ${MISSING[*]}. Going on without. To install, as root:"
    warn "    apt-get install --no-install-recommends ${MISSING[*]}"
}

# ---- Python

# Prints the first Python 3.11 or newer, one that can make an environment if there is any.
find_python() {
    local candidate found=""
    for candidate in python3.11 python3 /usr/bin/python3 python3.12 python3.13 python3.14; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
        found=${found:-$candidate}
    done
    printf '%s\n' "$found"
}

can_make_venv() { [[ -n $1 ]] && "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# An environment is of use if its Python starts and its scripts name this very place.
venv_is_sound() {
    "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        head -n 3 "$VENV/bin/pip" 2>/dev/null | grep --quiet --fixed-strings "$VENV/bin/"
}

# Prints the packages without which no environment can be made here, if any.
python_packages() {
    venv_is_sound || can_make_venv "$(find_python)" || printf '%s ' python3 python3-venv
}

make_venv() {
    local python
    venv_is_sound && return
    python=$(find_python)
    can_make_venv "$python" || die "no Python 3.11 or newer with its venv module here"
    quietly "making the environment .venv with $("$python" --version)" \
        "$python" -m venv --clear "$VENV" || die "cannot make $VENV"
}

# What the installed state depends on: the project's metadata, the interpreter, the place.
fingerprint() {
    {
        cat "$ROOT/pyproject.toml"
        "$VENV/bin/python" --version
        printf '%s\n' "$ROOT"
    } | sha256sum | cut -d ' ' -f 1
}

pip_install() { (cd "$ROOT" && "$VENV/bin/python" -m pip install --quiet --editable "$1"); }

# Usage: need_python . | need_python '.[test]'. Installs the project once per fingerprint.
need_python() {
    local what=$1 mark stamp
    make_venv
    stamp="$VENV/.installed-${what//[^a-z]/}"
    mark=$(fingerprint)
    [[ -x $VENV/bin/cuems && $(cat "$stamp" 2>/dev/null) == "$mark" ]] && return
    quietly "installing cuems ($what) into .venv" pip_install "$what" ||
        die "pip could not install the project"
    printf '%s\n' "$mark" >"$stamp"
    printf '%s\n' "$mark" >"$VENV/.installed-" # extras come on top of the plain installation
}

# ---- Node.js

# Usage: need_node_packages FOLDER. What a package.json names, where there is npm; a test that needs
# it is skipped where there is not.
need_node_packages() {
    [[ -d $ROOT/$1/node_modules ]] && return
    command -v npm >/dev/null || {
        say "no npm here: going on without what $1 would install"
        return 0
    }
    quietly "installing what $1/package.json names" npm install --prefix "$ROOT/$1" \
        --no-save --no-package-lock --no-audit --no-fund || true
}
