# shellcheck shell=bash
# Sourced by run: processes are replaced without a new package.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

# ---- replaced by ozon-r2 swap
cp "$root/usr/lib/ozon-r2/r2-presigned-url" "$root/root/swapped"
echo >>"$root/root/swapped"
before=$(pids r2-presigned-url)
load_start
inside ozon-r2 swap r2-presigned-url /root/swapped >"$scratch/swap" 2>&1 || fail "swap: $(cat "$scratch/swap")"
load_stop
after=$(pids r2-presigned-url)
for pid in $before; do [[ " $after " != *" $pid "* ]] || fail "a process was not replaced: $before, $after"; done
cmp -s "$root/root/swapped" "$root/usr/lib/ozon-r2/r2-presigned-url" || fail "the new executable is not installed"
[ -z "$(find "$root/usr/lib/ozon-r2" -name '*.previous' -o -name '*.next')" ] || fail "swap leaves files behind"
pass "swap as root: 0 of $requests requests failed, and no file is left"

# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$1" = --version ] && echo "r2-presigned-url 9"\nid -un >&2\n[ -n "$1" ] || exit 1\n' \
  >"$root/root/broken"
chmod 755 "$root/root/broken"
! inside ozon-r2 swap r2-presigned-url /root/broken >"$scratch/swap" 2>&1 || fail "the broken one was installed"
grep -q 'exited during its start: ozon-r2$' "$scratch/swap" ||
  fail "a new executable is not tried out as the unit's user: $(cat "$scratch/swap")"
[ "$(pids r2-presigned-url)" = "$after" ] || fail "a process was restarted"
pass "swap runs a new executable as the unit's user before it replaces the old one"

# ---- both restarted at once, as needrestart does it
cp Tests/Packages/restart_both.py "$root/root/"
inside python3 /root/restart_both.py "$(cat "$root/etc/ozon-r2/secrets/api-keys")" >"$scratch/restart" 2>&1 ||
  fail "restart of both: $(cat "$scratch/restart")"
pass "both processes restarted at once, with requests in flight: $(cat "$scratch/restart")"
