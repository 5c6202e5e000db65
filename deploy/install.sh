# What install-controller, install-node and package share. Sourced, with ROOT and NAME set.
# shellcheck shell=bash
# shellcheck source=deploy/lib.sh
source "$ROOT/deploy/lib.sh"

readonly UNITS=(cuems-controller cuems-node cuems)
DEST="" PREFIX=/opt/cuems KEY="" KEY_FROM="" UNIT="" START=1 VENV_TOO=1 UNINSTALL=0 PURGE=0

usage() {
    cat <<TEXT
Usage: deploy/$NAME [--uninstall [--purge]] [--no-start] [--key FILE|-] [--key-from USER@HOST]$MORE
                    [--prefix DIR] [--root DIR] [--no-venv]

Makes this machine ${ABOUT}: the user cuems, the program in $PREFIX, a unit for systemd, a template
of its configuration in /etc/cuems. Run it again to bring a machine up to date; nothing that is
configured is touched.

  --key FILE, -       the rig's key (cuems key show on the controller), from a file or standard input
  --key-from HOST     the same, fetched from the controller by ssh
  --no-start          neither enable nor start the service
  --uninstall         take away program and units; state, shows and configuration stay
  --purge             with --uninstall: those too
  --root DIR          install into another root, of a machine that does not run
  --no-venv           leave the program as it is
TEXT
}

parse() {
    while (($#)); do
        case $1 in
            --root) DEST=${2:?--root needs a folder} && shift ;;
            --prefix) PREFIX=${2:?--prefix needs a folder} && shift ;;
            --key) KEY=${2:?--key needs a file or -} && shift ;;
            --key-from) KEY_FROM=${2:?--key-from needs USER@HOST} && shift ;;
            --with-node) [[ $MORE ]] || die "only a controller has a node of its own" && UNIT=cuems ;;
            --no-start) START=0 ;;
            --no-venv) VENV_TOO=0 ;;
            --uninstall) UNINSTALL=1 ;;
            --purge) PURGE=1 ;;
            -h | --help) usage && exit 0 ;;
            *) warn "unknown: $1" && usage >&2 && exit 2 ;;
        esac
        shift
    done
    DEST=${DEST%/}
    [[ $PREFIX == /* ]] || die "--prefix: $PREFIX is no absolute path"
    ((EUID == 0)) || [[ $DEST ]] || die "run it as root (or with --root DIR to try it)"
}

systemd_runs() { [[ -z $DEST && -d /run/systemd/system ]]; }

# ---- what is needed

check_prerequisites() {
    if [[ -z $DEST ]]; then
        # shellcheck disable=SC2046 # a list of words
        need_packages rsync libasound2 $([[ $UNIT == cuems-controller ]] || echo mpv) $(system_python_packages)
    fi
    can_make_venv "$(system_python)" || ((VENV_TOO == 0)) ||
        die "no Python 3.11 or newer with venv: apt-get install python3 python3-venv"
    command -v systemd-sysusers >/dev/null || warn "no systemd-sysusers here: make the user cuems"
}

# A service must not depend on a Python in somebody's home.
system_python() {
    local candidate
    for candidate in /usr/bin/python3 /usr/bin/python3.1[1-9]; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        printf '%s\n' "$candidate"
        return
    done
}
system_python_packages() { can_make_venv "$(system_python)" || echo python3 python3-venv; }

# ---- the program

install_program() {
    local venv=$DEST$PREFIX mark
    mark=$({ find "$ROOT/cuems" "$ROOT/pyproject.toml" -type f -not -name '*.pyc' -exec sha256sum {} + &&
        "$(system_python)" --version; } | sort | sha256sum | cut -d ' ' -f 1)
    [[ $(cat "$venv/.installed" 2>/dev/null) == "$mark" ]] && say "$PREFIX is up to date" && return
    mkdir -p "$venv"
    local build
    build=$(mktemp -d)
    cp -r "$ROOT/cuems" "$ROOT/pyproject.toml" "$ROOT/README.md" "$ROOT/LICENSE" "$build"
    quietly "making the environment $PREFIX" "$(system_python)" -m venv --clear "$venv" ||
        die "cannot make $venv"
    quietly "installing cuems into it" \
        "$venv/bin/python" -m pip install --quiet --no-compile "$build" || die "pip could not install"
    rm -rf "$build"
    [[ -z $DEST ]] || move_scripts "$venv"
    printf '%s\n' "$mark" >"$venv/.installed"
}

# Scripts name the place of their interpreter: the one they will have.
move_scripts() {
    local file
    for file in "$1"/bin/* "$1/pyvenv.cfg"; do
        [[ -f $file && ! -L $file ]] && grep --quiet --text --fixed-strings "$1" "$file" || continue
        sed --in-place "s|$1|$PREFIX|g" "$file"
    done
}

# ---- files

put() { install -D --mode "${3:-644}" "$ROOT/deploy/systemd/$1" "$DEST$2"; }

# Usage: put_units FOLDER. The units, naming the program's place.
put_units() {
    local unit
    for unit in "${UNITS[@]}"; do
        put "$unit.service" "$1/$unit.service"
        sed --in-place "s|/opt/cuems/bin|$PREFIX/bin|" "$DEST$1/$unit.service"
    done
}

put_configuration() {
    put cuems.sysusers /usr/lib/sysusers.d/cuems.conf
    put cuems.tmpfiles /usr/lib/tmpfiles.d/cuems.conf
    [[ -e $DEST/etc/cuems/cuems.env ]] || put cuems.env /etc/cuems/cuems.env
    [[ ! -e $DEST/etc/cuems/settings.xml ]] ||
        put ecosystem.conf "/etc/systemd/system/$UNIT.service.d/ecosystem.conf"
}

make_user() {
    local root=()
    [[ -z $DEST ]] || root=(--root="$DEST")
    command -v systemd-sysusers >/dev/null || return 0
    systemd-sysusers "${root[@]}" /usr/lib/sysusers.d/cuems.conf 2>/dev/null ||
        systemd-sysusers "${root[@]}"
    systemd-tmpfiles "${root[@]}" --create --prefix=/etc/cuems --prefix=/var/lib/cuems \
        --prefix=/var/log/cuems
}

# ---- the rig's key

as_cuems() { if ((EUID == 0)) && [[ -z $DEST ]]; then runuser -u cuems -- "$@"; else "$@"; fi; }

exchange_key() {
    local state=$DEST/var/lib/cuems key=""
    if [[ $KEY_FROM ]]; then
        key=$(ssh "$KEY_FROM" "sudo -u cuems $PREFIX/bin/cuems key show --state /var/lib/cuems") ||
            die "no key from $KEY_FROM"
    elif [[ $KEY == - ]]; then
        key=$(cat)
    elif [[ $KEY ]]; then
        key=$(cat "$KEY")
    fi
    if [[ $key ]]; then
        printf '%s\n' "$key" | write_key "$state" --stdin --force
        say "the rig's key is in place"
    elif [[ -e $state/cluster.key ]]; then
        say "the rig's key is there already"
    elif [[ $UNIT == cuems-node ]]; then
        warn "no key: this node obeys only a controller of this machine. Give it the rig's:"
        warn "    cuems key show on the controller, then deploy/install-node --key - here"
    else
        write_key "$state" && say "the rig has a new key; nodes want it: cuems key show"
    fi
}

write_key() {
    local state=$1
    shift
    as_cuems "$CUEMS" key new --state "$state" "$@" >/dev/null
    [[ -z $DEST || EUID -ne 0 ]] || chown "$(stat --format %u:%g "$state")" "$state/cluster.key"
}

# ---- all of it

install_role() {
    check_prerequisites
    ((VENV_TOO == 0)) || install_program
    CUEMS=$DEST$PREFIX/bin/cuems
    [[ -z $DEST && -x $CUEMS ]] || CUEMS=$(command -v "${CUEMS_PROGRAM:-cuems}" || echo "$CUEMS")
    put_configuration
    put_units /etc/systemd/system
    make_user
    exchange_key
    if systemd_runs; then
        systemctl daemon-reload
        ((START == 0)) || systemctl enable --now "$UNIT.service"
    fi
    say "installed: $UNIT.service. Next: $PREFIX/bin/cuems doctor; options are in /etc/cuems/cuems.env"
}

uninstall() {
    local unit
    if systemd_runs; then
        for unit in "${UNITS[@]}"; do
            systemctl disable --now "$unit.service" 2>/dev/null || true
        done
    fi
    for unit in "${UNITS[@]}"; do
        rm -rf "$DEST/etc/systemd/system/$unit.service" "$DEST/etc/systemd/system/$unit.service.d"
    done
    rm -f "$DEST/usr/lib/sysusers.d/cuems.conf" "$DEST/usr/lib/tmpfiles.d/cuems.conf"
    [[ ! -e $DEST$PREFIX/.installed ]] || rm -rf "${DEST:?}$PREFIX" || true
    ! systemd_runs || systemctl daemon-reload
    if ((PURGE)); then
        rm -rf "$DEST/var/lib/cuems" "$DEST/var/log/cuems" "$DEST/etc/cuems/cuems.env"
        rmdir --ignore-fail-on-non-empty "$DEST/etc/cuems" 2>/dev/null || true
        say "uninstalled, with its state; the user cuems stays"
    else
        say "uninstalled; state is in /var/lib/cuems, configuration in /etc/cuems (--purge: those too)"
    fi
}

main() {
    parse "$@"
    if ((UNINSTALL)); then uninstall; else install_role; fi
}
