#!/bin/bash
# packages.sh ROOT PACKAGE… : Debian packages, with what they need and the machine lacks, unpacked into ROOT.
# Nothing is installed, for root neither: an installed PostgreSQL, Redis or Exim would start its own service on the usual port,
# and a plain user may not install at all. The machine's own apt, mirror and keys are used with a private state.
set -euo pipefail
root=$1
shift
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
  echo "This machine has no apt: install $* by hand and start again." >&2
  exit 1
}
mkdir -p "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial}
# A machine's hooks (container images have some) would empty its own package cache. Only a file read with -c can clear a list.
printf '#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Post-Invoke;\n#clear DPkg::Pre-Install-Pkgs;\n' >"$work/no-hooks"

private_apt() {
  apt-get -qq -y -c="$work/no-hooks" -o Acquire::Languages=none -o Acquire::Retries=2 \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::CNF::DefaultEnabled=false \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@" \
    </dev/null >"$work/said" 2>&1
}

private_apt update && private_apt --no-install-recommends --download-only install "$@" || {
  echo "Debian's packages $* could not be fetched: $(grep -m1 '^E:' "$work/said" || tail -n1 "$work/said")" >&2
  exit 1
}
# The trees of /bin, /lib … and /usr/bin, /usr/lib … are one, as on Debian itself.
mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
for link in bin sbin lib lib64; do ln -sfn "usr/$link" "$root/$link"; done
for package in "$work"/cache/archives/*.deb; do
  [ -e "$package" ] || break
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --no-same-owner --keep-directory-symlink \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./var/*' || {
    echo "$(basename "$package") could not be unpacked into $root: $(df -h --output=avail "$root" | tail -n1 | tr -d ' ') of disk are left." >&2
    exit 1
  }
done
# A set-user-ID program would drop LD_LIBRARY_PATH, and nothing here needs root.
find "$root/usr" -perm /6000 -type f -exec chmod ug-s {} +
printf '%s\n' "$@" >>"$root/.packages"
