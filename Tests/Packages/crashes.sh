# shellcheck shell=bash
# Sourced by run: crashes, and rejected settings.
# shellcheck disable=SC2154 # the sourcing script sets scratch, root and abort

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
inside timeout 3 curl -s -o /dev/null -d '{"r2_path":"users/u/a.jpg"}' http://127.0.0.1/api/v1/r2/presigned-url || true
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
inside ozon-r2 start r2-presigned-url >/dev/null || fail "start after the settings are corrected"
sign || fail "it does not answer again"
pass "exit status 78: the socket closes after 20 starts, with a line at crit; ozon-r2 start opens it again"
