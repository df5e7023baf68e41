# shellcheck shell=bash
# Sourced by s3-server: the configuration of OpenStack Swift, with one process each for proxy, account, container and
# object server, one device and one replica.
# shellcheck disable=SC2154 # the sourcing script sets dir, here, port, region and venv

base() { # port
  printf '%s\n' "[DEFAULT]" "bind_ip = 127.0.0.1" "bind_port = $1" "workers = 0" "user = $(id -un)" \
    "swift_dir = $dir/etc" "devices = $dir/data" "mount_check = false" "disable_fallocate = true" \
    "fallocate_reserve = 0" "log_level = WARNING" "log_address = /nonexistent"
}
filters() { # name...
  local filter
  for filter; do printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"; done
}
proxy_config() {
  base "$port"
  filters catch_errors gatekeeper healthcheck listing_formats bulk copy
  cat <<X
[pipeline:main]
pipeline = cors catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = $region
max_upload_part_num = 10000
[filter:cors]
paste.filter_factory = s3cors:filter_factory
origins = ${S3_CORS_ORIGINS:-}
[filter:tempauth]
paste.filter_factory = s3keys:filter_factory
s3key_$S3_ACCESS_KEY_ID = $S3_SECRET_ACCESS_KEY
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
max_manifest_size = 33554432
allow_async_delete = false
X
}
ring() { # server port
  local builder=$venv/bin/swift-ring-builder
  [ -f "$1.ring.gz" ] && return
  rm -f "$1.builder"
  {
    "$builder" "$1.builder" create 4 1 0 && "$builder" "$1.builder" add "r1z1-127.0.0.1:$2/d1" 1 &&
      "$builder" "$1.builder" rebalance
  } >"$dir/log/ring.log" || [ -f "$1.ring.gz" ] || die "could not create the ring of $1; see $dir/log/ring.log"
}
configure() {
  local i=0 t
  mkdir -p "$dir/etc" "$dir/data/d1"
  cd "$dir/etc" || exit
  "$venv/bin/python" -c "import os,sys; os.setxattr(sys.argv[1], 'user.s3test', b'1')" "$dir/data/d1" 2>/dev/null ||
    die "the file system of $dir does not support user xattrs, which Swift needs"
  [ "$(cat "$dir/port" 2>/dev/null)" = "$port" ] || rm -f ./*.builder ./*.ring.gz
  printf '%s\n' "[swift-hash]" "swift_hash_path_prefix = local" "swift_hash_path_suffix = sandbox" \
    "[storage-policy:0]" "name = default" "default = yes" >swift.conf
  cp "$here"/s3{cors,keys}.py .
  proxy_config >proxy.conf
  for t in account container object; do
    i=$((i+1))
    {
      base $((port+i))
      filters healthcheck
      printf '%s\n' "[pipeline:main]" "pipeline = healthcheck $t-server" "[app:$t-server]" "use = egg:swift#$t"
    } >"$t.conf"
    ring "$t" $((port+i))
  done
}
