# shellcheck shell=bash
# Sourced by run: the numbered commands in deploy/README.md, as they stand, up to the first presigned URL.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

start_bucket
endpoints=$(find Sources/Endpoints -mindepth 1 -maxdepth 1 -type d | wc -l)
# shellcheck disable=SC1091
. "$scratch/s3/credentials"
# shellcheck disable=SC2016 # Markdown's backquotes
mapfile -t commands < <(
  sed -n '/^```sh test=Tests\/Packages\/first-url.sh$/,/^```$/{/^```/d; /^#/d; p}' deploy/README.md |
    sed ':more; /\\$/ { N; s/\\\n//; b more }'
)
[ ${#commands[@]} = 10 ] || fail "deploy/README.md has ${#commands[@]} commands instead of 10"
for command in "${commands[@]}"; do
  printf '%s\n' http://127.0.0.1:9300 images http://127.0.0.1:9300/v1/AUTH_sandbox/images \
    "$S3_ACCESS_KEY_ID" "$S3_SECRET_ACCESS_KEY" https://imagestudio.example.com |
    inside sh -c "cd /root/now && $command" >"$scratch/command" 2>&1 ||
    fail "$command: $(cat "$scratch/command")"
  ! grep -qF "$S3_SECRET_ACCESS_KEY" "$scratch/command" || fail "$command prints a secret"
  case $command in
    *' setup') grep -q 'include ozon-r2/http.conf;' "$scratch/command" || fail "setup prints no lines for nginx" ;;
    *' status')
      [ "$(grep -c ' running ' "$scratch/command")" = "$endpoints" ] || fail "status: $(cat "$scratch/command")" ;;
    *' check') ! grep FAILED "$scratch/command" || fail "$command" ;;
    *ping) grep -q '^pong$' "$scratch/command" || fail "$command: $(cat "$scratch/command")" ;;
  esac
done
url=$(sed -n 's/.*"upload_url":"\([^"]*\)".*/\1/p' "$scratch/command")
[ "$(call -X PUT -H 'Content-Type:' --data-binary 'not really an image' "$url")" = 200 ] ||
  fail "the presigned URL does not take an upload: $(cat "$scratch/command")"
pass "ten commands of deploy/README.md lead from the packages to a presigned URL, which takes an upload"

modes=$(cd "$root/etc/ozon-r2" && stat -c '%n %a' environment hosts origins secrets/* | paste -sd ' ')
[ "$modes" = "environment 644 hosts 644 origins 644 secrets/api-keys 600 secrets/r2-access-key-id 600 \
secrets/r2-secret-access-key 600" ] || fail "the modes are $modes"
before=$(sha256sum "$root"/etc/ozon-r2/{environment,hosts,origins,secrets/*})
printf '\n\n\n\n\n\n' | inside ozon-r2 setup >"$scratch/setup" 2>&1 || fail "setup again: $(cat "$scratch/setup")"
[ "$(sha256sum "$root"/etc/ozon-r2/{environment,hosts,origins,secrets/*})" = "$before" ] ||
  fail "setup without answers has changed something"
if printf 'http://evil.example\n\n\n\n\n\n' | inside ozon-r2 setup >"$scratch/setup" 2>&1; then
  fail "setup accepts an endpoint without https"
fi
[ "$(sha256sum "$root"/etc/ozon-r2/{environment,hosts,origins,secrets/*})" = "$before" ] ||
  fail "a rejected setup has changed something"
pass "setup keeps what it is not told to change, and writes nothing if a value is wrong"

# ---- what runs, and how
inside systemd-run -q python3 /root/sandbox/ozon --port 9401 --cdn-port 9402
printf '%s\n' OZON_API_URL=http://127.0.0.1:9401 LOG_LEVEL=warning >>"$root/etc/ozon-r2/environment"
inside ozon-r2 start --all >"$scratch/start" 2>&1 || fail "start --all: $(cat "$scratch/start")"
until_true 10 "r2-presigned-url answers" sign
until_true 10 "r2-presigned-urls answers" sign_many
until_true 10 "ozon-download answers with the products of Ozon's stand-in" download
[ "$(inside stat -c '%a %U %G' /run/ozon-r2/r2-presigned-url.sock)" = "660 www-data www-data" ] ||
  fail "wrong mode of the socket"
[ "$(inside stat -c '%a %U' /run/ozon-r2/r2-presigned-url)" = "750 ozon-r2" ] ||
  fail "wrong mode of the runtime directory"
! inside sh -c "grep -r '$S3_SECRET_ACCESS_KEY' /proc/*/environ" >/dev/null 2>&1 || fail "a secret is in an environment"
inside systemctl status r2-presigned-url@1 | grep -q 'Status: "Serving"' || fail "the status is not Serving"
network() { inside readlink "/proc/$(inside systemctl show -P MainPID "$1@1")/ns/net"; }
[ "$(network r2-presigned-url)" != "$(inside readlink /proc/1/ns/net)" ] || fail "a signer has a network"
[ "$(call http://127.0.0.1/ozon-r2/ozon-r2.js)" = 200 ] || fail "the client is not served"
[ "$(inside curl -s http://127.0.0.1:9180/ozon-r2/r2-presigned-url/status | grep -o '"pid"' | wc -l)" = 2 ] ||
  fail "the status does not list both processes"
[ -z "$(inside systemctl --failed --quiet)" ] || fail "failed units: $(inside systemctl --failed)"
pass "with settings, two processes of every endpoint run and answer through nginx"

# ---- what check finds
finds() { # text description
  if inside ozon-r2 check >"$scratch/check" 2>&1; then fail "check passes although $2"; fi
  grep -q -- "$1" "$scratch/check" || fail "check does not report that $2: $(cat "$scratch/check")"
  ! grep -qF "$S3_SECRET_ACCESS_KEY" "$scratch/check" || fail "check prints a secret"
}
inside systemctl stop r2-presigned-url@2 2>/dev/null
finds 'processes r2-presigned-url: 1 of 2 run' "a process does not run"
inside systemctl start r2-presigned-url@2
inside chgrp root /run/ozon-r2/r2-presigned-url.sock
inside chown root /run/ozon-r2/r2-presigned-url.sock
finds "www-data, nginx's user, may not connect" "nginx may not connect"
inside chown www-data:www-data /run/ozon-r2/r2-presigned-url.sock
echo ALLOWED_PEER_USERS=nobody >>"$root/etc/ozon-r2/environment"
inside ozon-r2 start r2-presigned-url >/dev/null || fail "start with ALLOWED_PEER_USERS"
finds 'add www-data to ALLOWED_PEER_USERS' "nginx's user is not among ALLOWED_PEER_USERS"
sed -i '/^ALLOWED_PEER_USERS=/d' "$root/etc/ozon-r2/environment"
inside ozon-r2 start r2-presigned-url >/dev/null || fail "start without ALLOWED_PEER_USERS"
mv "$root/etc/nginx/conf.d/ozon-r2.conf" "$scratch/"
sed -i.kept '/ozon-r2/d' "$root/etc/nginx/sites-available/default"
finds 'does not include /etc/nginx/ozon-r2/http.conf' "nginx does not include the snippets"
mv "$scratch/ozon-r2.conf" "$root/etc/nginx/conf.d/"
mv "$root/etc/nginx/sites-available/default.kept" "$root/etc/nginx/sites-available/default"
echo wrong >"$scratch/wrong" && cp -p "$root/etc/ozon-r2/secrets/r2-secret-access-key" "$scratch/right"
cat "$scratch/wrong" >"$root/etc/ozon-r2/secrets/r2-secret-access-key"
finds 'FAILED  key' "R2's secret is wrong"
cat "$scratch/right" >"$root/etc/ozon-r2/secrets/r2-secret-access-key"
printf 1 >"$root/etc/ozon-r2/secrets/ozon-client-id"
printf invalid-key >"$root/etc/ozon-r2/secrets/ozon-api-key"
finds 'FAILED  key .*roles' "the seller's key is wrong"
printf good >"$root/etc/ozon-r2/secrets/ozon-api-key"
inside ozon-r2 check >"$scratch/check" 2>&1 || fail "check: $(cat "$scratch/check")"
grep -q 'ok      expiry' "$scratch/check" || fail "Ozon was not checked: $(cat "$scratch/check")"
rm "$root"/etc/ozon-r2/secrets/ozon-*
pass "ozon-r2 check finds a stopped process, a wrong socket, a refused user, a missing include, and wrong keys"

# ---- endpoints that do not start
inside ozon-r2 stop --all || fail "stop --all"
push=$root/usr/lib/ozon-r2/ozon-push-images
mv "$push" "$scratch/push"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$1" = --check ] || exit 1\n' >"$push"
chmod 755 "$push"
mv "$root/etc/nginx/ozon-r2/available/r2-multipart-abort.conf" "$scratch/"
if inside ozon-r2 start --all >"$scratch/start" 2>&1; then fail "start --all does not report a failure"; fi
grep -q 'ozon-push-images@1 does not start' "$scratch/start" || fail "start --all: $(cat "$scratch/start")"
grep -q 'r2-multipart-abort.conf is missing' "$scratch/start" || fail "start --all: $(cat "$scratch/start")"
[ "$(inside ozon-r2 status | grep -c ' running ')" = $((endpoints - 1)) ] || fail "status: $(inside ozon-r2 status)"
inside nginx -t -q || fail "a missing location breaks nginx"
sign || fail "r2-presigned-url does not answer beside an endpoint that does not start"
mv "$scratch/push" "$push"
mv "$scratch/r2-multipart-abort.conf" "$root/etc/nginx/ozon-r2/available/"
inside ozon-r2 start --all >"$scratch/start" 2>&1 || fail "start --all: $(cat "$scratch/start")"
pass "start --all starts all others if one does not start or has no location"
! inside sh -c 'ozon-r2 status | true' 2>&1 | grep . || fail "status without a reader prints an error"

# ---- which of them start with the machine
inside ozon-r2 stop ozon-push-images r2-multipart-abort || fail "stop"
stop_bucket
reboot
[ -z "$(inside systemctl --failed --quiet)" ] || fail "failed units: $(inside systemctl --failed)"
running() { [ "$(inside ozon-r2 status | grep -c ' running ')" = $((endpoints - 2)) ]; }
until_true 20 "the other endpoints run after a restart of the machine" running
[ "$(inside ozon-r2 status | grep -c ' not started ')" = 2 ] || fail "status: $(inside ozon-r2 status)"
until_true 10 "r2-presigned-url answers after a restart of the machine" sign
inside systemd-run -q python3 /root/sandbox/ozon --port 9401 --cdn-port 9402
inside ozon-r2 start --all >/dev/null || fail "start --all"
pass "after a restart of the machine, those run that were started, and no others"
