# shellcheck shell=bash
# Sourced by run: the steps of the test, in order.
# shellcheck disable=SC2154 # the sourcing script sets scratch, root and abort

# ---- installed, not yet configured
install_ now || fail "dpkg -i: $(cat "$scratch/dpkg")"
expect_output "r2-presigned-url is not started because its settings are wrong"
expect_output "API_KEYS_FILE: is empty"
[ "$(inside systemctl is-enabled r2-presigned-url@2)" = enabled ] || fail "r2-presigned-url@2 is not enabled"
modes=$(inside stat -c '%a %U' /etc/ozon-r2/secrets /etc/ozon-r2/secrets/r2-secret-access-key | paste -sd ' ')
[ "$modes" = "700 root 600 root" ] || fail "the modes of the secrets are $modes"
inside nginx -t -q || fail "nginx -t"
pass "without settings, the packages install, report the missing settings, and start nothing"

# ---- configured
cp Tests/Packages/site.conf "$root/etc/nginx/conf.d/ozon-r2.conf"
for secret in api-keys=the-key r2-access-key-id=the-id r2-secret-access-key=the-secret; do
  echo "${secret#*=}" >"$root/etc/ozon-r2/secrets/${secret%%=*}"
done
printf '%s\n' 'R2_ENDPOINT_URL=https://account.r2.cloudflarestorage.com' R2_BUCKET_NAME=images \
  'R2_PUBLIC_BASE="https://images.example.com"' OZON_API_URL=http://127.0.0.1:9401 LOG_LEVEL=warning \
  >>"$root/etc/ozon-r2/environment"
inside systemd-run -q python3 /root/sandbox/ozon --port 9401 --cdn-port 9402
for name in $(inside ls /usr/lib/ozon-r2 | grep -vx endpoint); do
  inside /usr/lib/ozon-r2/endpoint start "$name" >"$scratch/start" 2>&1 || fail "start $name: $(cat "$scratch/start")"
done
until_true 10 "r2-presigned-url answers" sign
until_true 10 "r2-presigned-urls answers" sign_many
until_true 10 "ozon-download answers with the products of Ozon's stand-in" download
[ "$(inside stat -c '%a %U %G' /run/ozon-r2/r2-presigned-url.sock)" = "660 www-data www-data" ] ||
  fail "wrong mode of the socket"
[ "$(inside stat -c '%a %U' /run/ozon-r2/r2-presigned-url)" = "750 ozon-r2" ] ||
  fail "wrong mode of the runtime directory"
! inside sh -c 'grep -r the-secret /proc/*/environ' >/dev/null 2>&1 || fail "a secret is in an environment"
inside systemctl status r2-presigned-url@1 | grep -q 'Status: "Serving"' || fail "the status is not Serving"
network() { inside readlink "/proc/$(inside systemctl show -P MainPID "$1@1")/ns/net"; }
[ "$(network r2-presigned-url)" != "$(inside readlink /proc/1/ns/net)" ] || fail "a signer has a network"
[ "$(inside curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/ozon-r2/ozon-r2.js)" = 200 ] ||
  fail "the client is not served"
[ "$(inside curl -s http://127.0.0.1:8080/ozon-r2/r2-presigned-url/status | grep -o '"pid"' | wc -l)" = 2 ] ||
  fail "the status does not list both processes"
pass "with settings, two processes of every endpoint run and answer through nginx"
[ -z "$(inside systemctl --failed --quiet)" ] || fail "failed units: $(inside systemctl --failed)"
# ---- upgraded
load_start() {
  inside wrk -t1 -c8 -d600s -s /root/post.lua http://127.0.0.1:8080/api/v1/r2/presigned-url >"$scratch/load" 2>&1 &
  load=$!
}
load_stop() { # sets requests to their number; fails if one of them failed
  inside pkill -INT -x wrk
  wait "$load" || true
  ! grep -E 'Non-2xx|Socket errors' "$scratch/load" || fail "requests failed: $(cat "$scratch/load")"
  requests=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$scratch/load")
  [ "${requests:-0}" -gt 1000 ] || fail "there were too few requests: $(cat "$scratch/load")"
}
echo '# edited by the administrator' >>"$root/etc/nginx/ozon-r2/available/r2-presigned-url.conf"
workers=$(inside pgrep -d, -f '^nginx: worker')
inside /usr/lib/ozon-r2/endpoint start r2-presigned-url || fail "start after an edit of the location"
# Old workers close their kept connections when they end, which wrk would count as errors.
only_new_workers() { ! inside ps -p "$workers" >/dev/null; }
until_true 10 "nginx's old workers have ended" only_new_workers
others=$(pids r2-presigned-urls) before=$(pids r2-presigned-url) workers=$(inside pgrep -f '^nginx: worker')
load_start
install_ next || fail "the upgrade: $(cat "$scratch/dpkg")"
load_stop
after=$(pids r2-presigned-url)
for pid in $before; do [[ " $after " != *" $pid "* ]] || fail "a process was not replaced: $before, $after"; done
[ "$(pids r2-presigned-urls)" = "$others" ] || fail "the processes of another endpoint were replaced"
[ "$(inside pgrep -f '^nginx: worker')" = "$workers" ] || fail "nginx was reloaded although its snippets are the same"
grep -q 'edited by the administrator' "$root/etc/nginx/ozon-r2/available/r2-presigned-url.conf" ||
  fail "the edit of the location is lost"
grep -q '^R2_BUCKET_NAME=images' "$root/etc/ozon-r2/environment" || fail "the settings are lost"
[ ! -e "$root/usr/lib/ozon-r2/r2-presigned-url.previous" ] || fail "the old executable still exists"
pass "an upgrade under load: 0 of $requests requests failed, other endpoints are unchanged, edits are kept"

# ---- upgraded to broken executables
for folder in rejects aborts; do
  load_start
  if install_ "$folder"; then fail "the upgrade to $folder succeeded: $(cat "$scratch/dpkg")"; fi
  load_stop
  expect_output "the old executable is restored"
  sign || fail "the old executable does not answer"
  for i in 1 2; do
    [ "$(inside systemctl is-active r2-presigned-url@$i)" = active ] || fail "process $i does not run"
  done
  pass "an upgrade to one that $folder fails with a message: 0 of $requests requests failed, the old one serves"
done
install_ next || fail "the upgrade to a working executable: $(cat "$scratch/dpkg")"
# shellcheck source-path=SCRIPTDIR source=swaps.sh
. Tests/Packages/swaps.sh

# ---- crashes, and rejected settings
program=$root/usr/lib/ozon-r2/r2-presigned-url
replace() { # script
  printf '#!/bin/sh\n%s\n' "$1" >"$program.new"
  chmod 755 "$program.new"
  mv "$program" "$scratch/good"
  mv "$program.new" "$program"
}
restore() {
  cp "$scratch/good" "$program.new"
  chmod 755 "$program.new"
  mv "$program.new" "$program"
}
kill_both() { inside systemctl kill -s KILL r2-presigned-url@1 r2-presigned-url@2; }
replace "$abort"
kill_both
restarts() { [ "$(inside systemctl show -P NRestarts r2-presigned-url@2)" -ge 4 ]; }
until_true 30 "a crashing process is restarted repeatedly" restarts
inside timeout 3 curl -s -o /dev/null -H 'X-API-Key: the-key' -d '{"r2_path":"users/u/a.jpg"}' \
  http://127.0.0.1:8080/api/v1/r2/presigned-url || true
[ "$(inside systemctl is-failed r2-presigned-url.socket)" != failed ] || fail "crashes closed the socket"
restore
until_true 10 "the restored executable answers" sign
pass "crashes leave the socket open; a restored executable serves without further action"

replace 'echo "R2_BUCKET_NAME: is wrong" >&2; exit 78'
kill_both
closed() {
  post r2/presigned-url '{"r2_path":"users/u/a.jpg"}' >/dev/null
  [ "$(inside systemctl is-failed r2-presigned-url.socket)" = failed ]
}
until_true 60 "exit status 78 closes the socket after some starts" closed
noticed() { inside journalctl -q -p crit -t ozon-r2 | grep -q 'r2-presigned-url.socket has failed'; }
until_true 10 "the closed socket is in the journal at crit" noticed
[ "$(post r2/presigned-url '{}')" = 502 ] || fail "nginx does not answer 502"
restore
inside /usr/lib/ozon-r2/endpoint start r2-presigned-url || fail "start after the settings are corrected"
sign || fail "it does not answer again"
pass "exit status 78: the socket closes after 20 starts, with a line at crit; endpoint start opens it again"

# ---- removed and purged
inside dpkg -r r2-presigned-urls >"$scratch/dpkg" 2>&1 || fail "dpkg -r: $(cat "$scratch/dpkg")"
inside nginx -t -q || fail "nginx -t after the removal"
[ "$(post r2/presigned-urls '{}')" = 404 ] || fail "its route still exists"
{ sign && download; } || fail "the other endpoints do not answer"
[ "$(inside systemctl is-active r2-presigned-urls@1 r2-presigned-urls.socket | sort -u)" = inactive ] ||
  fail "its units are not stopped"
[ -e "$root/etc/nginx/ozon-r2/available/r2-presigned-urls.conf" ] || fail "its configuration was deleted"
pass "after the removal of one endpoint, the others serve"
rm "$root/etc/nginx/conf.d/ozon-r2.conf"
# shellcheck disable=SC2016 # dpkg's variables
mapfile -t packages < <(inside dpkg-query -W -f '${Package} ${Depends}\n' | sed -n 's/ .*ozon-r2-common.*//p')
inside dpkg -P "${packages[@]}" ozon-r2-common >"$scratch/dpkg" 2>&1 || fail "dpkg -P: $(cat "$scratch/dpkg")"
for path in /etc/ozon-r2 /etc/nginx/ozon-r2 /usr/lib/ozon-r2 /usr/share/ozon-r2 /var/lib/ozon-r2; do
  [ ! -e "$root$path" ] || fail "$path still exists: $(find "$root$path")"
done
inside nginx -t -q || fail "nginx -t after the purge"
pass "a purge leaves no files"
