# shellcheck shell=bash
# Sourced by run: what happens to the packages, in order.
# shellcheck disable=SC2154 # scratch, root and abort are the sourcing script's

# ---- installed, not yet configured
install_ now || wrong "dpkg -i: $(cat "$scratch/dpkg")"
says "r2-presigned-url is not started, because its settings are wrong"
says "API_KEYS_FILE: is empty"
[ "$(inside systemctl is-enabled r2-presigned-url@2)" = enabled ] || wrong "r2-presigned-url@2 isn't enabled"
[ "$(inside stat -c '%a %U' /etc/ozon-r2/secrets /etc/ozon-r2/secrets/r2-secret-access-key | paste -sd ' ')" = "700 root 600 root" ] ||
  wrong "the secrets' modes"
inside nginx -t -q || wrong "nginx -t"
held "without settings it installs, says what is missing, and starts nothing"

# ---- configured
cp Tests/Packages/site.conf "$root/etc/nginx/conf.d/ozon-r2.conf"
for secret in api-keys=the-key r2-access-key-id=the-id r2-secret-access-key=the-secret; do
  echo "${secret#*=}" >"$root/etc/ozon-r2/secrets/${secret%%=*}"
done
printf '%s\n' 'R2_ENDPOINT_URL=https://account.r2.cloudflarestorage.com' R2_BUCKET_NAME=images 'R2_PUBLIC_BASE="https://images.example.com"' \
  OZON_API_URL=http://127.0.0.1:9401 LOG_LEVEL=warning >>"$root/etc/ozon-r2/environment"
inside systemd-run -q python3 /root/sandbox/ozon --port 9401 --cdn-port 9402
for name in $(inside ls /usr/lib/ozon-r2 | grep -vx endpoint); do
  inside /usr/lib/ozon-r2/endpoint start "$name" >"$scratch/start" 2>&1 || wrong "start $name: $(cat "$scratch/start")"
done
until_true 10 "r2-presigned-url answers" sign
until_true 10 "r2-presigned-urls answers" sign_many
until_true 10 "ozon-download answers, with what Ozon's stand-in says" download
[ "$(inside stat -c '%a %U %G' /run/ozon-r2/r2-presigned-url.sock)" = "660 www-data www-data" ] || wrong "the socket's mode"
[ "$(inside stat -c '%a %U' /run/ozon-r2/r2-presigned-url)" = "750 ozon-r2" ] || wrong "the runtime directory"
! inside sh -c 'grep -r the-secret /proc/*/environ' >/dev/null 2>&1 || wrong "a secret is in an environment"
inside systemctl status r2-presigned-url@1 | grep -q 'Status: "Serving"' || wrong "STATUS"
network() { inside readlink "/proc/$(inside systemctl show -P MainPID "$1@1")/ns/net"; }
[ "$(network r2-presigned-url)" != "$(inside readlink /proc/1/ns/net)" ] || wrong "a signer has no network"
[ "$(inside curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/ozon-r2/ozon-r2.js)" = 200 ] || wrong "the client is served"
[ "$(inside curl -s http://127.0.0.1:8080/ozon-r2/r2-presigned-url/status | grep -o '"pid"' | wc -l)" = 2 ] || wrong "the status tells of both processes"
held "with settings every endpoint runs, twice, and answers through nginx: signers and callers"
[ -z "$(inside systemctl --failed --quiet)" ] || wrong "something has failed: $(inside systemctl --failed)"
# ---- upgraded
load_start() { inside wrk -t1 -c8 -d600s -s /root/post.lua http://127.0.0.1:8080/api/v1/r2/presigned-url >"$scratch/load" 2>&1 & load=$!; }
load_stop() { # requests: how many; none failed
  inside pkill -INT -x wrk
  wait "$load" || true
  ! grep -E 'Non-2xx|Socket errors' "$scratch/load" || wrong "requests failed: $(cat "$scratch/load")"
  requests=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$scratch/load")
  [ "${requests:-0}" -gt 1000 ] || wrong "there was a load: $(cat "$scratch/load")"
}
echo '# edited by the administrator' >>"$root/etc/nginx/ozon-r2/available/r2-presigned-url.conf"
workers=$(inside pgrep -d, -f '^nginx: worker')
inside /usr/lib/ozon-r2/endpoint start r2-presigned-url || wrong "start after an edit of the location"
# A worker that a reload ends closes kept connections, which the load would count.
only_new_workers() { ! inside ps -p "$workers" >/dev/null; }
until_true 10 "nginx's workers of before are gone" only_new_workers
others=$(pids r2-presigned-urls) before=$(pids r2-presigned-url) workers=$(inside pgrep -f '^nginx: worker')
load_start
install_ next || wrong "the upgrade: $(cat "$scratch/dpkg")"
load_stop
after=$(pids r2-presigned-url)
for pid in $before; do [[ " $after " != *" $pid "* ]] || wrong "both processes are new: $before, $after"; done
[ "$(pids r2-presigned-urls)" = "$others" ] || wrong "the other endpoint's processes are the same"
[ "$(inside pgrep -f '^nginx: worker')" = "$workers" ] || wrong "nginx isn't reloaded, for its snippets are the same"
grep -q 'edited by the administrator' "$root/etc/nginx/ozon-r2/available/r2-presigned-url.conf" || wrong "the edit is there"
grep -q '^R2_BUCKET_NAME=images' "$root/etc/ozon-r2/environment" || wrong "the settings are there"
[ ! -e "$root/usr/lib/ozon-r2/r2-presigned-url.previous" ] || wrong "the executable of before is gone"
held "an upgrade under load: 0 of $requests requests failed, other endpoints untouched, edits kept"

# ---- upgraded to what doesn't work
for folder in refuses aborts; do
  load_start
  if install_ "$folder"; then wrong "the upgrade to one that $folder ended well: $(cat "$scratch/dpkg")"; fi
  load_stop
  says "the old executable is restored"
  sign || wrong "the old one answers"
  for i in 1 2; do [ "$(inside systemctl is-active r2-presigned-url@$i)" = active ] || wrong "process $i runs"; done
  held "an upgrade to one that $folder fails with words; 0 of $requests requests failed, the old one serves"
done
install_ next || wrong "back to the good one: $(cat "$scratch/dpkg")"

# ---- crashing, and refusing
program=$root/usr/lib/ozon-r2/r2-presigned-url
replace() { printf '#!/bin/sh\n%s\n' "$1" >"$program.new"; chmod 755 "$program.new"; mv "$program" "$scratch/good"; mv "$program.new" "$program"; }
bring_back() { cp "$scratch/good" "$program.new"; chmod 755 "$program.new"; mv "$program.new" "$program"; }
kill_both() { inside systemctl kill -s KILL r2-presigned-url@1 r2-presigned-url@2; }
replace "$abort"
kill_both
restarts() { [ "$(inside systemctl show -P NRestarts r2-presigned-url@2)" -ge 4 ]; }
until_true 30 "a crash loop goes on" restarts
inside timeout 3 curl -s -o /dev/null -H 'X-API-Key: the-key' -d '{"r2_path":"users/u/a.jpg"}' http://127.0.0.1:8080/api/v1/r2/presigned-url || true
[ "$(inside systemctl is-failed r2-presigned-url.socket)" != failed ] || wrong "a crash loop leaves the socket open"
bring_back
until_true 10 "what was mended answers by itself" sign
held "a crash loop leaves the socket open; mended, it serves again by itself"

replace 'echo "R2_BUCKET_NAME: is wrong" >&2; exit 78'
kill_both
closed() { post r2/presigned-url '{"r2_path":"users/u/a.jpg"}' >/dev/null; [ "$(inside systemctl is-failed r2-presigned-url.socket)" = failed ]; }
until_true 60 "exit 78 ends in a closed socket, not in starts for ever" closed
noticed() { inside journalctl -q -p crit -t ozon-r2 | grep -q 'r2-presigned-url.socket has failed'; }
until_true 10 "the closed socket is in the journal, at crit" noticed
[ "$(post r2/presigned-url '{}')" = 502 ] || wrong "nginx answers 502"
bring_back
inside /usr/lib/ozon-r2/endpoint start r2-presigned-url || wrong "start after the settings are right"
sign || wrong "it answers again"
held "exit 78: the socket closes after 20 tries, with a line at crit; endpoint start brings it back"

# ---- removed, purged
inside dpkg -r r2-presigned-urls >"$scratch/dpkg" 2>&1 || wrong "dpkg -r: $(cat "$scratch/dpkg")"
inside nginx -t -q || wrong "nginx -t after the removal"
[ "$(post r2/presigned-urls '{}')" = 404 ] || wrong "its route is gone"
{ sign && download; } || wrong "the others answer"
[ "$(inside systemctl is-active r2-presigned-urls@1 r2-presigned-urls.socket | sort -u)" = inactive ] || wrong "its units are stopped"
[ -e "$root/etc/nginx/ozon-r2/available/r2-presigned-urls.conf" ] || wrong "removing keeps its configuration"
held "removing one leaves the others"
rm "$root/etc/nginx/conf.d/ozon-r2.conf"
inside sh -c "dpkg -P \$(dpkg-query -W -f '\${Package} \${Depends}\n' | sed -n 's/^\([a-z0-9-]*\) .*ozon-r2-common.*/\1/p') ozon-r2-common" \
  >"$scratch/dpkg" 2>&1 || wrong "dpkg -P: $(cat "$scratch/dpkg")"
for path in /etc/ozon-r2 /etc/nginx/ozon-r2 /usr/lib/ozon-r2 /var/lib/ozon-r2; do [ ! -e "$root$path" ] || wrong "$path is left: $(find "$root$path")"; done
inside nginx -t -q || wrong "nginx -t after the purge"
held "a purge leaves nothing behind"
