# shellcheck shell=bash
# Sourced by run: the Debian in which the packages are tested, booted by systemd-nspawn, without a network except
# loopback.
# shellcheck disable=SC2154 # the sourcing script sets scratch and root
nspawn='' leader=''

inside() { # command...: runs it in the container
  nsenter -t "$leader" -m -u -i -n -p -C -- \
    env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}
until_true() { # seconds description command...
  local tries=$(($1 * 10)) description=$2
  shift 2
  for _ in $(seq "$tries"); do
    if "$@"; then return; fi
    sleep 0.1
  done
  fail "not true: $description"
}

make_root() { # unpacks ROOT_TAR, after creating it if it is missing
  local included=adduser,dbus,curl,libstdc++6,nginx,procps,python3,systemd,systemd-sysv,wrk name
  # The libraries of the executables have the names that they have on this machine, which built the executables.
  for name in lib{curl4,curl4t64,fcgi0ldbl,fcgi0t64,ssl3,ssl3t64}; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then included+=,$name; fi
  done
  if [ ! -f "$tar" ]; then
    debootstrap --variant=minbase --include="$included" "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" \
      "$scratch/debootstrap" >"$scratch/debootstrap.log" 2>&1 ||
      fail "debootstrap: $(tail -n 3 "$scratch/debootstrap.log")"
    tar -C "$scratch/debootstrap" -cf "$tar.new" . && mv "$tar.new" "$tar"
    rm -rf "$scratch/debootstrap"
  fi
  mkdir "$root"
  tar -C "$root" -xf "$tar"
}

leads() { leader=$(pgrep -P "$nspawn" -x systemd) && [ -n "$leader" ]; }
booted() { [[ $(inside systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }
# systemd in the container needs the unified cgroup hierarchy, which this machine may not have.
boot() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m sh -c 'mount --make-rprivate /
    if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
      umount -R /sys/fs/cgroup
      mount -t cgroup2 cgroup2 /sys/fs/cgroup
    fi
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec systemd-nspawn -q --register=no --keep-unit --private-network -D "$0" -b' "$root" \
    >"$scratch/boot.log" 2>&1 </dev/null &
  nspawn=$!
  until_true 20 "systemd-nspawn has started" leads
  until_true 60 "systemd has booted" booted
}
reboot() {
  inside systemctl poweroff
  wait "$nspawn" || true
  leader=''
  boot
}
shut_down() { # after the last step, or a failure: prints the end of the journal if the exit status is not 0
  if [ -n "$leader" ]; then
    if [ "$1" != 0 ]; then inside journalctl -q --no-pager -n 30 >&2 || true; fi
    stop_bucket
    kill -KILL "$leader" 2>/dev/null || true
  elif [ -f "$scratch/boot.log" ]; then
    tail -n 3 "$scratch/boot.log" >&2
  fi
  if [ -n "$nspawn" ]; then wait "$nspawn" 2>/dev/null || true; fi
}

# ---- the bucket: the sandbox's S3 server, on the loopback of the container. Only the network is the container's.
bucket() { # command...: runs it with the settings of the bucket
  env S3_BUCKETS=images S3_PUBLIC_READ=true S3_CORS_ORIGINS='*' "$@"
}
prepare_bucket() { # installs the server, if that has not been done, while there is a network
  [ -x "$S3_VENV/bin/swift-proxy-server" ] ||
    { bucket deploy/sandbox/s3-server start "$scratch/s3" 9300 && stop_bucket; } >"$scratch/s3.log" 2>&1 ||
    fail "the S3 server: $(tail -n 3 "$scratch/s3.log")"
}
start_bucket() {
  bucket nsenter -t "$leader" -n deploy/sandbox/s3-server start "$scratch/s3" 9300 >"$scratch/s3.log" 2>&1 ||
    fail "the S3 server: $(tail -n 3 "$scratch/s3.log")"
}
stop_bucket() { deploy/sandbox/s3-server stop "$scratch/s3" >/dev/null 2>&1 || true; }

# ---- requests
call() { # curl-argument...: prints the status
  inside curl -s -o /dev/null -w '%{http_code}' --max-time 40 -H 'Content-Type: application/json' "$@" || true
}
post() { # route body: prints the status
  call -H "X-API-Key: $(cat "$root/etc/ozon-r2/secrets/api-keys")" -d "$2" "http://127.0.0.1/api/v1/$1"
}
sign() { [ "$(post r2/presigned-url '{"r2_path":"users/u/a.jpg"}')" = 200 ]; }
sign_many() { [ "$(post r2/presigned-urls '{"items":[{"r2_path":"users/u/a.jpg"}]}')" = 200 ]; }
download() {
  [ "$(post ozon/download '{"credential": {"client_id": "1", "api_key": "good"}, "articles": ["2194435300"],
    "user_id": "u", "download_images": false}')" = 200 ]
}
pids() { # endpoint
  local i
  for i in 1 2; do inside systemctl show -P MainPID "$1@$i"; done | paste -sd ' '
}
# Without a terminal or other input, as unattended-upgrades installs.
install_() { inside sh -c "dpkg -i /root/$1/*.deb" >"$scratch/dpkg" 2>&1 </dev/null; }
expect_output() { grep -q -- "$1" "$scratch/dpkg" || fail "dpkg's output has no '$1': $(cat "$scratch/dpkg")"; }
