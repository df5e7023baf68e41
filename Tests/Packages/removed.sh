# shellcheck shell=bash
# Sourced by run: an endpoint is removed, then all packages are purged.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

inside dpkg -r r2-presigned-urls >"$scratch/dpkg" 2>&1 || fail "dpkg -r: $(cat "$scratch/dpkg")"
! grep 'Failed\|Warning' "$scratch/dpkg" || fail "dpkg -r prints errors"
inside nginx -t -q || fail "nginx -t after the removal"
[ "$(post r2/presigned-urls '{}')" = 404 ] || fail "its route still exists"
{ sign && download; } || fail "the other endpoints do not answer"
[ "$(inside systemctl is-active r2-presigned-urls@1 r2-presigned-urls.socket | sort -u)" = inactive ] ||
  fail "its units are not stopped"
[ -e "$root/etc/nginx/ozon-r2/available/r2-presigned-urls.conf" ] || fail "its configuration was deleted"
pass "after the removal of one endpoint, the others serve"
rm "$root/etc/nginx/conf.d/ozon-r2.conf"
sed -i /ozon-r2/d "$root/etc/nginx/sites-available/default"
# shellcheck disable=SC2016 # dpkg's variables
mapfile -t packages < <(inside dpkg-query -W -f '${Package} ${Depends}\n' | sed -n 's/ .*ozon-r2-common.*//p')
inside dpkg -P "${packages[@]}" ozon-r2-common >"$scratch/dpkg" 2>&1 || fail "dpkg -P: $(cat "$scratch/dpkg")"
for path in /etc/ozon-r2 /etc/nginx/ozon-r2 /usr/lib/ozon-r2 /usr/share/ozon-r2 /var/lib/ozon-r2; do
  [ ! -e "$root$path" ] || fail "$path still exists: $(find "$root$path")"
done
inside nginx -t -q || fail "nginx -t after the purge"
pass "a purge leaves no files"
