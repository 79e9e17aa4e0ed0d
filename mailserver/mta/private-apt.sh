# Sourced by packages.sh of mailserver/mta and mailserver/cyrus: Debian packages fetched with the machine's own apt and mirror
# into a private state. Nothing is installed, nothing of the machine's apt is changed, no root is needed.

# The machine's own mirror for a suite of its release ("" or "-security"): where its sources say that suite lies.
machine_mirror() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' 2>/dev/null |
    awk -v suite="$codename$1" '$1 == suite { print $2; exit }'
}

# private_apt_begin WORKDIR SUITE... : reads the indexes of these suites and of the first one's security updates.
private_apt_begin() {
  APT_WORK=$1
  shift
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror security suite
  [ "$(dpkg --print-architecture)" = amd64 ] || { echo "the stand-in is only known to run on amd64" >&2; return 1; }
  mirror=$(machine_mirror "")
  security=$(machine_mirror -security)
  [ -n "$mirror" ] || { echo "this machine's apt names no Debian mirror" >&2; return 1; }
  [ -r "$keyring" ] || { echo "Debian's keyring $keyring is missing (package debian-archive-keyring)" >&2; return 1; }
  mkdir -p "$APT_WORK"/{lists/partial,cache/archives/partial,dpkg}
  : >"$APT_WORK/dpkg/status"
  : >"$APT_WORK/sources.list"
  for suite in "$@"; do echo "deb [signed-by=$keyring] $mirror $suite main" >>"$APT_WORK/sources.list"; done
  [ -z "$security" ] || echo "deb [signed-by=$keyring] $security $1-security main" >>"$APT_WORK/sources.list"
  # A machine's hooks (container images have some) would empty its own package cache. Only a file read with -c can clear a list.
  printf '#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Post-Invoke;\n#clear DPkg::Pre-Install-Pkgs;\n' >"$APT_WORK/no-hooks"
  private_apt update
}

# The empty status file makes apt resolve every library, so that the result does not depend on what the machine has.
private_apt() {
  apt-get -qq -y -c="$APT_WORK/no-hooks" \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=2 \
    -o Dir::Etc::sourcelist="$APT_WORK/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State::lists="$APT_WORK/lists" -o Dir::Cache="$APT_WORK/cache" -o Dir::State::status="$APT_WORK/dpkg/status" \
    -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@" >&2
}

# private_apt_unpack ROOT SKIP... : what was downloaded, into ROOT; SKIP are package name patterns that are only there to satisfy apt.
private_apt_unpack() {
  local root=$1 link deb name pattern skip
  shift
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
  for link in bin sbin lib lib64; do ln -sfn "usr/$link" "$root/$link"; done
  for deb in "$APT_WORK"/cache/archives/*.deb; do
    name=${deb##*/}
    skip=
    # shellcheck disable=SC2254
    for pattern in "$@"; do case $name in $pattern) skip=1 ;; esac; done
    [ -n "$skip" ] || dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --exclude='./usr/share/*'
  done
}

# "name version" of the downloaded packages whose name matches the (basic) expression.
private_apt_versions() {
  find "$APT_WORK/cache/archives" -name '*.deb' -printf '%f\n' | sed -n "s/^\($1\)_\(.*\)_.*/\1 \2/p" | sed 's/%3a/:/' | sort
}

# private_apt_keep NEXT TARGET : puts what was gathered in NEXT in TARGET's place, complete or not at all, and says its versions.
private_apt_keep() {
  chmod -R a+rX "$1"
  mkdir -p "$(dirname "$2")"
  rm -rf "$2" "$2.new"
  cp -a "$1" "$2.new"
  mv "$2.new" "$2"
  cat "$2/VERSIONS"
}
