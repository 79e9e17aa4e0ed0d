#!/bin/bash
# packages.sh DIR : Exim (exim4-daemon-heavy of Debian 12) unpacked and trimmed into DIR, with the libraries it needs but libc's own.
# Nothing is installed. The binary is copied without its set-user-ID bit: a set-user-ID program would drop LD_LIBRARY_PATH, and no
# delivery here needs root. DIR may be cached; it is replaced only when complete.
set -euo pipefail
target=$1
. "$(dirname "$0")/private-apt.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
private_apt_begin "$work/apt" bookworm
private_apt --no-install-recommends --download-only install exim4-daemon-heavy libnss-wrapper

root=$work/root
private_apt_unpack "$root" 'systemd*' 'cron*' 'dpkg*' 'adduser*' 'passwd*' 'perl-base*' 'perl-modules*'
libraries=$root/usr/lib/x86_64-linux-gnu
# libspf2 lies in usr/lib, its link in usr/lib/x86_64-linux-gnu.
loader="$libraries/ld-linux-x86-64.so.2 --library-path $libraries:$root/usr/lib"
next=$work/next
mkdir -p "$next/sbin" "$next/lib"
cp -L "$root/usr/sbin/exim4" "$next/sbin/exim"
chmod 755 "$next/sbin/exim"
cp -L "$libraries/libnss_wrapper.so" "$next/lib/"
for file in "$next/sbin/exim" "$next/lib/libnss_wrapper.so"; do
  $loader --list "$file" | awk '/=> \//{print $3}'
done | sort -u | grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv|libcrypt|libnss_[a-z]*|ld-linux[^/]*)\.so' | xargs -I{} cp -L {} "$next/lib/"
cp -L "$libraries"/libcrypt.so.1 "$next/lib/"
private_apt_versions 'exim4-daemon-heavy\|libgnutls30\|libpq5\|libnss-wrapper' >"$next/VERSIONS"
private_apt_keep "$next" "$target"
