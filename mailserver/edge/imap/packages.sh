#!/bin/bash
# packages.sh DIR : Dovecot's login proxy and nginx' mail module (Debian 12) unpacked and trimmed into DIR, with their own libc.
# Nothing is installed. DIR/usr stands in the place of /usr for these processes alone (launch.ts says how): Dovecot's paths are
# compiled in. DIR may be cached; it is replaced only when complete.
set -euo pipefail
target=$1
. "$(dirname "$0")/../../mta/private-apt.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
private_apt_begin "$work/apt" bookworm
private_apt --no-install-recommends --download-only install dovecot-core dovecot-imapd dovecot-auth-lua nginx libnginx-mod-mail util-linux dash

root=$work/root
private_apt_unpack "$root" 'systemd*' 'perl*' 'libperl*' 'adduser*' 'passwd*' 'dpkg*' 'debconf*' 'iproute2*' 'usrmerge*' 'libexttextcat-data*'
libraries=$root/usr/lib/x86_64-linux-gnu
loader="$libraries/ld-linux-x86-64.so.2 --library-path $libraries:$root/usr/lib/dovecot:$root/usr/lib/dovecot/modules:$root/usr/lib/dovecot/modules/old-stats"
next=$work/next
mkdir -p "$next"/usr/{bin,sbin,lib64,lib/x86_64-linux-gnu,lib/nginx}
# dovecot looks whether the program of each service is there, whether it will run or not.
cp -a "$root/usr/lib/dovecot" "$next/usr/lib/"
cp -L "$root"/usr/bin/{doveconf,doveadm,setpriv,unshare,dash} "$next/usr/bin/"
ln -s dash "$next/usr/bin/sh"
cp -L "$root"/usr/sbin/{dovecot,nginx} "$next/usr/sbin/"
cp -L "$root"/usr/lib/nginx/modules/ngx_mail_module.so "$next/usr/lib/nginx/"
find "$next/usr" -type f | while read -r file; do
  case $(head -c4 "$file" | tr -d '\0') in $'\177ELF') $loader --list "$file" ;; esac
done | awk '/=> \//{print $3}' | grep "^$libraries/" | sort -u | xargs -I{} cp -L {} "$next/usr/lib/x86_64-linux-gnu/"
cp -L "$libraries/ld-linux-x86-64.so.2" "$next/usr/lib/x86_64-linux-gnu/"
ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$next/usr/lib64/"
private_apt_versions 'dovecot-core\|dovecot-auth-lua\|nginx\|libnginx-mod-mail\|libssl3\|liblua5.4-0' >"$next/VERSIONS"
private_apt_keep "$next" "$target"
