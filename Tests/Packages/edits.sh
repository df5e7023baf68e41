# shellcheck shell=bash
# Sourced by run: sessions, chosen by one link, and an upgrade without a terminal after the administrator's edits.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

ozon=$root/etc/ozon-r2 site=$root/etc/nginx/sites-available/default
inside ozon-r2 stop r2-presigned-urls || fail "stop"
cp "$ozon/secrets/api-keys" "$scratch/key"
inside systemd-run -q python3 /root/application.py
sed -i 's#include ozon-r2/routes.conf;#&\n\tinclude ozon-r2/session-check.conf;#' "$site"
echo 'proxy_pass http://127.0.0.1:3000/session;' >"$ozon/session-check"
install -m 640 /dev/null "$ozon/session-key"
echo "default $(cat "$scratch/key");" >"$ozon/session-key"
ln -s /etc/nginx/ozon-r2/access-session.conf "$ozon/access.conf"
inside sh -c 'nginx -t -q && systemctl reload nginx' || fail "nginx with sessions"
inside ozon-r2 start r2-presigned-urls >/dev/null || fail "start"
with_session() { # route body user
  call -H "Cookie: user=$3" -d "$2" "http://127.0.0.1/api/v1/$1"
}
logged_in() { [ "$(with_session r2/presigned-url '{"r2_path":"users/mia/a.jpg"}' mia)" = 200 ]; }
until_true 5 "a session is accepted" logged_in
started_later() { [ "$(with_session r2/presigned-urls '{"items":[{"r2_path":"users/mia/a.jpg"}]}' mia)" = 200 ]; }
until_true 5 "an endpoint that is started later accepts sessions" started_later
[ "$(with_session r2/presigned-url '{"r2_path":"users/leo/a.jpg"}' mia)" = 403 ] || fail "another user's prefix is open"
[ "$(post r2/presigned-urls '{"items":[{"r2_path":"users/mia/a.jpg"}]}')" = 401 ] || fail "a key is accepted"
for method in POST PUT DELETE OPTIONS; do
  [ "$(call -X "$method" -H 'Cookie: user=mia' http://127.0.0.1/ozon-r2/session)" = 405 ] ||
    fail "$method reaches the application"
done
[ "$(call -H 'Cookie: user=mia' http://127.0.0.1/ozon-r2/session)" = 204 ] || fail "the page cannot read the session"
pass "one link turns on sessions for all endpoints, also for one that is started later"

# shellcheck disable=SC2016 # nginx's variable
echo 'https://second.example.com $http_origin;' >>"$ozon/origins"
echo '# edited' | tee -a "$ozon/environment" "$ozon/hosts" >/dev/null
edited=$(cd "$ozon" && sha256sum environment hosts origins session-check session-key secrets/*)
install_ changed || fail "the upgrade stops: $(cat "$scratch/dpkg")"
! grep -i 'conffile\|configuration file' "$scratch/dpkg" || fail "dpkg asks about a file"
[ "$(cd "$ozon" && sha256sum environment hosts origins session-check session-key secrets/*)" = "$edited" ] ||
  fail "an edit is lost"
[ -L "$ozon/access.conf" ] || fail "the link is lost"
grep -q '# changed in this version' "$root/etc/nginx/ozon-r2/maps.conf" || fail "the new snippets are not installed"
[ -z "$(inside dpkg --audit)" ] || fail "$(inside dpkg --audit)"
logged_in || fail "sessions do not work after the upgrade"
pass "an upgrade that changes the snippets, with standard input closed, asks nothing and keeps every edit"

rm "$ozon/access.conf" "$ozon/session-check" "$ozon/session-key"
sed -i '/session-check/d' "$site"
inside sh -c 'nginx -t -q && systemctl reload nginx' || fail "nginx without sessions"
until_true 5 "keys are accepted again" sign
