# shellcheck shell=bash
# Sourced by run: the packages are installed, and nothing has been set up yet.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root

nothing_runs() { # description
  [ -z "$(inside systemctl --failed --quiet)" ] || fail "$1: failed units: $(inside systemctl --failed)"
  [ -z "$(inside journalctl -q -b -p crit -t ozon-r2 -o cat)" ] ||
    fail "$1: critical lines: $(inside journalctl -q -b -p crit -t ozon-r2 -o cat)"
  [ "$(inside systemctl is-system-running)" = running ] || fail "$1: systemd is $(inside systemctl is-system-running)"
  ! inside pgrep -u ozon-r2 >/dev/null || fail "$1: $(inside pgrep -au ozon-r2)"
}

# The first step of the README.
inside sh -c 'cd /root/now && apt-get install -y ./*.deb' >"$scratch/dpkg" 2>&1 </dev/null ||
  fail "apt-get install: $(cat "$scratch/dpkg")"
[ "$(grep -c '^ozon-r2:' "$scratch/dpkg")" = 1 ] || fail "not one line about what comes next: $(cat "$scratch/dpkg")"
expect_output "ozon-r2: nothing is started yet; next: ozon-r2 setup"
modes=$(inside stat -c '%a %U' /etc/ozon-r2/secrets /etc/ozon-r2/secrets/r2-secret-access-key | paste -sd ' ')
[ "$modes" = "700 root 600 root" ] || fail "the modes of the secrets are $modes"
inside nginx -t -q || fail "nginx -t"
nothing_runs "after the installation"
reboot
nothing_runs "after a restart of the machine"
pass "the packages install, say what comes next in one line, and start nothing, not even with the machine"

# shellcheck disable=SC2016 # dpkg's variable
conffiles=$(inside dpkg-query -W -f '${Conffiles}\n' ozon-r2-common | sed -n 's/^ \([^ ]*\) .*/\1/p')
! grep '^/etc/ozon-r2/' <<<"$conffiles" || fail "what the administrator edits is a conffile"
settings=$(grep -c '^#[A-Z0-9_]*=' "$root/etc/ozon-r2/environment")
[ "$settings" -gt 25 ] || fail "the file of settings has only $settings settings"
pass "the file of settings describes $settings settings and, like secrets and origins, is no conffile"

pages=$root/usr/share/man/man8
for page in "$pages"/{ozon,r2}-*.8.gz; do
  zcat "$page" | LC_ALL=C grep -qv '^[ -~]*$' && fail "$page has characters that man drops in the C locale"
done
zcat "$pages/r2-presigned-url.8.gz" | grep -q 'r2_path is 1 to 1024 bytes' || fail "a man page has no '1 to 1024'"
pass "the man pages have ASCII only, so ranges are legible in the C locale"

if inside ozon-r2 start --all >"$scratch/start" 2>&1; then fail "endpoints start without settings"; fi
[ "$(grep -c 'R2_BUCKET_NAME: is missing' "$scratch/start")" = 1 ] || fail "not one line: $(cat "$scratch/start")"
nothing_runs "after a start without settings"
if inside ozon-r2 check >"$scratch/check" 2>&1; then fail "check passes without settings"; fi
grep -q -- '-> ozon-r2 setup' "$scratch/check" || fail "check does not name ozon-r2 setup: $(cat "$scratch/check")"
pass "a start without settings reports each missing setting once, and starts nothing"
