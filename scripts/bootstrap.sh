# Sourced by start and test: gives this clone what the machine lacks, under .local and nowhere else.
# Root and plain user go the same way; no question is ever asked.

deno_version=2.9.6
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# One sentence, then the end.
refuse() {
  printf '\n  %s\n' "$*" >&2
  exit 1
}

now() { date +%s%N; }

# step "What" COMMAND… : a progress line with its duration; on failure the last lines of what the command said.
step() {
  local name=$1 began said
  shift
  began=$(now)
  printf '  %-44s ' "$name"
  if said=$("$@" 2>&1); then
    printf '%6s s\n' "$(awk -v t=$(($(now) - began)) 'BEGIN { printf "%.1f", t / 1e9 }')"
  else
    printf 'failed\n'
    refuse "$name: $(printf '%s' "$said" | tail -n 4)"
  fi
}

# As root, servers run as an account without rights, which must be able to reach the clone. One that lies under /root is run
# from a copy, which keeps its own .local: from_reachable_copy "$@" returns, or goes on as the copy's script of the same name.
from_reachable_copy() {
  local copy
  [ "$(id -u)" = 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$repository/scripts" || return 0
  copy=/var/lib/mssante-$(printf '%s' "$repository" | cksum | cut -d' ' -f1)
  printf '  Other accounts cannot reach %s: run from the copy %s.\n' "$repository" "$copy"
  mkdir -p "$copy" && chmod 755 "$copy"
  # What the clone no longer has must not live on in the copy; what was made there stays.
  find "$copy" -mindepth 1 \( -path "$copy/.local" -o -name node_modules -o -path "$copy/web/build" \) -prune -o -type f -exec rm -f {} +
  tar -C "$repository" -c --exclude=./.git --exclude=./.local --exclude=node_modules --exclude=./web/build . | tar -C "$copy" -x --no-same-owner
  exec "$copy/scripts/$(basename "$0")" "$@"
}

prepare_local() {
  mkdir -p "$repository/.local/bin" 2>/dev/null || refuse "$repository cannot be written to by $(id -un)."
  local_directory=$(cd "$repository/.local" && pwd -P)
  packages=$local_directory/packages
  export PATH="$local_directory/bin:$PATH"
}

# Who prepares a clone does so alone: two builds at once would write into each other.
prepare_alone() {
  exec 9>"$local_directory/prepare.lock"
  flock -n 9 && return
  printf '  Another start or test prepares this clone: waiting for it.\n'
  flock 9
}

prepared() { exec 9>&-; }

require_room() {
  local free available
  free=$(df -Pm "$local_directory" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$1" ] || refuse "The disk is too full: $free MiB are free at $local_directory, $1 MiB are needed."
  available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  [ "$available" -ge "$2" ] || refuse "There is too little memory: $available MiB are available, $2 MiB are needed."
}

# A program of the machine, PostgreSQL's directory included, but not one of .local/bin.
on_machine() {
  local directory
  for directory in /usr/lib/postgresql/{18,17,16,15}/bin ${PATH//:/ } /usr/sbin /sbin; do
    if [ "$directory" != "$local_directory/bin" ] && [ -x "$directory/$1" ]; then
      echo "$directory/$1"
      return
    fi
  done
  return 1
}

# wrap NAME PATH : .local/bin/NAME runs an unpacked program with the libraries, Perl modules and fonts unpacked beside it.
wrap() {
  local libraries
  # Debian keeps some libraries in directories of their own, which only absolute paths in programs name.
  libraries=$(find "$packages/usr/lib" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
  cat >"$local_directory/bin/$1.new" <<WRAPPER
#!/bin/sh
root='$packages'
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export PERL5LIB="\$root/usr/share/perl5:\$root/usr/share/perl/5.36:\$root/usr/lib/\$(uname -m)-linux-gnu/perl5/5.36\${PERL5LIB:+:\$PERL5LIB}"
export SASL_PATH="\$root/usr/lib/\$(uname -m)-linux-gnu/sasl2:/usr/lib/\$(uname -m)-linux-gnu/sasl2"
[ -f '$local_directory/fonts.conf' ] && export FONTCONFIG_FILE='$local_directory/fonts.conf'
exec "\$root/$2" "\$@"
WRAPPER
  chmod 755 "$local_directory/bin/$1.new"
  mv "$local_directory/bin/$1.new" "$local_directory/bin/$1"
}

missing_packages=
missing_programs=

# need PACKAGES PROGRAM=PATH… : notes what is wanted of Debian's packages when neither the machine nor .local has the programs.
need() {
  local wanted=$1 pair
  shift
  for pair in "$@"; do
    if ! on_machine "${pair%%=*}" >/dev/null && [ ! -x "$local_directory/bin/${pair%%=*}" ]; then
      missing_packages="$missing_packages $wanted"
      missing_programs="$missing_programs $*"
      return
    fi
  done
}

# Fetches what was noted, all at once.
fetch_needed() {
  local pair
  [ -n "$missing_packages" ] || return 0
  # shellcheck disable=SC2086
  bash "$repository/scripts/packages.sh" "$packages" $missing_packages || return 1
  for pair in $missing_programs; do
    [ -e "$packages/${pair#*=}" ] || { echo "Debian's packages brought no ${pair#*=}."; return 1; }
    wrap "${pair%%=*}" "${pair#*=}"
  done
  if [ -d "$packages/usr/share/fonts" ] && [ ! -f "$local_directory/fonts.conf" ]; then
    printf '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n<dir>%s</dir>\n<dir>/usr/share/fonts</dir>\n<cachedir>%s</cachedir>\n</fontconfig>\n' \
      "$packages/usr/share/fonts" "$local_directory/cache/fontconfig" >"$local_directory/fonts.conf"
  fi
}

need_servers() {
  need "postgresql-15 postgresql-client-15" initdb=usr/lib/postgresql/15/bin/initdb \
    postgres=usr/lib/postgresql/15/bin/postgres psql=usr/lib/postgresql/15/bin/psql
  need redis-server redis-server=usr/bin/redis-server
}

need_test_programs() {
  need "chromium fonts-dejavu-core fontconfig-config" chromium=usr/lib/chromium/chromium
  need "swaks libio-socket-ssl-perl libnet-ssleay-perl" swaks=usr/bin/swaks
  need msmtp msmtp=usr/bin/msmtp
  # Of its own name: a machine's mbsync may lack the SASL module.
  need "isync libsasl2-modules libsasl2-modules-kdexoauth2" mbsync-xoauth2=usr/bin/mbsync
}

# Debian's packages come while the modules do: both wait for the network.
provide_packages_and_modules() {
  local job=
  if [ -n "$missing_packages" ]; then
    (step "Debian packages:$(printf ' %s' $missing_packages | cut -c1-26)…" fetch_needed) >"$local_directory/packages.said" 2>&1 &
    job=$!
  fi
  provide_modules
  if [ -n "$job" ]; then
    wait "$job" || { cat "$local_directory/packages.said"; exit 1; }
    cat "$local_directory/packages.said"
  fi
}

# Deno from the npm registry, since Debian has none.
provide_deno() {
  local npm
  deno=$(on_machine deno || true)
  [ -n "$deno" ] && is_wanted_deno && return
  deno=$local_directory/deno/node_modules/deno/deno
  is_wanted_deno && return
  require_room 1500 500
  npm=$(on_machine npm || true)
  if [ -z "$npm" ]; then
    npm=$local_directory/bin/npm
    [ -x "$npm" ] || provide_npm
  fi
  step "Deno $deno_version (npm registry)" fetch_deno "$npm"
}

is_wanted_deno() { [ -x "$deno" ] && [ "$("$deno" --version 2>/dev/null | sed -n 's/^deno \([^ ]*\).*/\1/p')" = "$deno_version" ]; }

# Debian's node reads parts of itself from /usr/share/nodejs, where nothing can be put without root: in our copy of it that
# path is replaced by one of the same length, a link which exists while npm runs.
provide_npm() {
  local link=/tmp/mssnode-XXXX
  step "npm (Debian packages)" bash "$repository/scripts/packages.sh" "$packages" npm nodejs
  link=$(mktemp -u "$link")
  find "$packages/usr/bin/node" "$packages"/usr/lib -name 'libnode.so.*' -o -path '*/usr/bin/node' -type f |
    LC_ALL=C xargs sed -i "s|/usr/share/nodejs|$link|g"
  cat >"$local_directory/bin/npm.new" <<WRAPPER
#!/bin/sh
root='$packages'
export LD_LIBRARY_PATH="\$root/usr/lib/\$(uname -m)-linux-gnu:\$root/usr/lib" NODE_PATH="\$root/usr/share/nodejs"
ln -s "\$root/usr/share/nodejs" '$link' || exit 1
trap 'rm -f $link' EXIT
"\$root/usr/bin/node" "\$root/usr/share/nodejs/npm/bin/npm-cli.js" "\$@"
WRAPPER
  chmod 755 "$local_directory/bin/npm.new"
  mv "$local_directory/bin/npm.new" "$local_directory/bin/npm"
}

fetch_deno() {
  local binary
  mkdir -p "$local_directory/deno"
  "$1" install --prefix "$local_directory/deno" --cache "$local_directory/cache/npm" --no-audit --no-fund --no-save \
    --ignore-scripts --fetch-retries=1 --loglevel=error "deno@$deno_version" </dev/null || return 1
  # Without the package's own script, which needs a node: the program of this machine's platform is a package beside it.
  binary=$(find "$local_directory/deno/node_modules/@deno" -name deno -type f | head -n1)
  [ -n "$binary" ] || { echo "the npm package deno has no program for this machine ($(uname -m))"; return 1; }
  chmod 755 "$binary"
  ln -sf "$binary" "$deno"
}

# A registry behind an authority of the machine's own is trusted as the machine's other programs trust it.
trust_machine() {
  local bundle=/etc/ssl/certs/ca-certificates.crt
  if [ -r "$bundle" ]; then
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$bundle}
    export DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE:-mozilla,system}
  fi
}

# Deno's cache stays in the account's own, or in .local where the account has no home.
provide_modules() {
  export DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
  if [ -z "${DENO_DIR:-}" ] && ! mkdir -p "${HOME:-/nonexistent}/.cache" 2>/dev/null; then
    export DENO_DIR=$local_directory/cache/deno
  fi
  # The program that tasks and tests call as `deno`.
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$deno" >"$local_directory/bin/deno"
  chmod 755 "$local_directory/bin/deno"
  local stamp
  stamp=$(cat "$repository/deno.lock" "$repository/deno.json" "$repository/web/package.json" | cksum)
  if [ "$stamp" != "$(cat "$local_directory/modules.stamp" 2>/dev/null)" ] || [ ! -d "$repository/node_modules" ]; then
    step "Modules of the project (npm registry)" install_modules
    printf '%s\n' "$stamp" >"$local_directory/modules.stamp"
  fi
}

install_modules() { (cd "$repository" && "$deno" install --frozen --quiet </dev/null); }

# The web is built again only when one of its sources, or the modules, changed.
build_web() {
  local stamp
  stamp=$(cd "$repository" && {
    cat deno.lock
    find web -type f -not -path '*/node_modules/*' -not -path 'web/build/*' -not -path 'web/.svelte-kit/*' \
      -not -path 'web/src/lib/i18n/generated/*' -print0 | sort -z | xargs -0 cat
  } | cksum)
  if [ "$stamp" != "$(cat "$local_directory/web.stamp" 2>/dev/null)" ] || [ ! -f "$repository/web/build/200.html" ]; then
    step "Web" run_task build
    printf '%s\n' "$stamp" >"$local_directory/web.stamp"
  fi
}

run_task() { (cd "$repository" && "$deno" task --quiet "$@" </dev/null); }
