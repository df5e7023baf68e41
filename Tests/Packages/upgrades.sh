# shellcheck shell=bash
# Sourced by run: an upgrade under load, then upgrades to executables that reject the settings or end at once.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

# Old workers close their kept connections when they end, which wrk would count as errors.
replace_workers() { # command...: reloads nginx
  local workers
  workers=$(inside pgrep -d, -f '^nginx: worker')
  "$@"
  until_true 10 "nginx's old workers have ended" only_new_workers "$workers"
}
only_new_workers() { ! inside ps -p "$1" >/dev/null && inside pgrep -f '^nginx: worker' >/dev/null; }

# The load is greater than the rate limits allow.
cp Tests/Packages/unlimited.conf "$root/etc/nginx/conf.d/ozon-r2.conf"
replace_workers inside systemctl reload nginx
# ---- upgraded
load_start() {
  inside wrk -t1 -c8 -d600s -s /root/post.lua http://127.0.0.1:80/api/v1/r2/presigned-url \
    -- "$(cat "$root/etc/ozon-r2/secrets/api-keys")" >"$scratch/load" 2>&1 &
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
start() { inside ozon-r2 start r2-presigned-url >/dev/null || fail "start after an edit of the location"; }
replace_workers start
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
version=$(inside /usr/lib/ozon-r2/r2-presigned-url --version)
for folder in rejects aborts; do
  load_start
  if install_ "$folder"; then fail "the upgrade to $folder succeeded: $(cat "$scratch/dpkg")"; fi
  load_stop
  expect_output "the old executable is restored"
  sign || fail "the old executable does not answer"
  for i in 1 2; do
    [ "$(inside systemctl is-active r2-presigned-url@$i)" = active ] || fail "process $i does not run"
  done
  if inside dpkg --configure -a >"$scratch/dpkg" 2>&1; then
    fail "dpkg --configure -a takes the old executable for the new one: $(cat "$scratch/dpkg")"
  fi
  sign || fail "the old executable does not answer after dpkg --configure -a"
  [ "$(inside /usr/lib/ozon-r2/r2-presigned-url --version)" = "$version" ] || fail "the old executable is not in place"
  pass "an upgrade to one that $folder fails with a message, twice: 0 of $requests requests failed, the old one serves"
done
install_ next || fail "the upgrade to a working executable: $(cat "$scratch/dpkg")"

! inside ls /usr/lib/ozon-r2 | grep '[.]' || fail "a file of the refused upgrade still exists"
