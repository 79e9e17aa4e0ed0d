#!/bin/bash
# packages.sh DIR : Cyrus 3.12 (trixie-backports) with its own libc, unpacked and trimmed into DIR (about 70 MB). Nothing is installed.
# It runs on any amd64 Linux through its own loader: no root, no chroot. DIR may be cached; it is replaced only when complete.
set -euo pipefail
target=$1
. "$(dirname "$0")/../mta/private-apt.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
private_apt_begin "$work/apt" trixie trixie-backports
# nullmailer only satisfies "mail-transport-agent" with little; it is never unpacked. Without -t apt would choose trixie's
# 3.10, which has no push.
private_apt --no-install-recommends --download-only -t trixie-backports install cyrus-imapd cyrus-caldav libsasl2-modules nullmailer

root=$work/root
private_apt_unpack "$root" 'perl*' 'libperl*' 'nullmailer*' 'systemd*' 'libclamav*'
libraries=$root/usr/lib/x86_64-linux-gnu
loader="$libraries/ld-linux-x86-64.so.2 --library-path $libraries"
next=$work/next
mkdir -p "$next/usr/lib/cyrus/bin" "$next/usr/lib/x86_64-linux-gnu/sasl2"
for binary in master httpd imapd lmtpd timsieved squatter idled calalarmd ctl_cyrusdb ctl_conversationsdb ctl_mboxlist reconstruct quota cyr_buildinfo; do
  cp -L "$root/usr/lib/cyrus/bin/$binary" "$next/usr/lib/cyrus/bin/"
done
# Without sasldb, a proxy login (PLAIN with authzid) answers "no mechanism available".
for module in plain login sasldb; do cp -L "$libraries/sasl2/lib$module.so" "$next/usr/lib/x86_64-linux-gnu/sasl2/"; done
for file in "$next"/usr/lib/cyrus/bin/* "$next"/usr/lib/x86_64-linux-gnu/sasl2/*; do
  $loader --list "$file" | awk '/=> \//{print $3}'
done | sort -u | xargs -I{} cp -L {} "$next/usr/lib/x86_64-linux-gnu/"
cp -L "$libraries/ld-linux-x86-64.so.2" "$next/usr/lib/x86_64-linux-gnu/"
private_apt_versions 'cyrus-[a-z]*\|libsasl2-2\|libxapian30' >"$next/VERSIONS"
private_apt_keep "$next" "$target"
