# shellcheck shell=bash
# Sourced by stack: makes the running nginx configuration in $dir, as an operator would install it.
# shellcheck disable=SC2154 # the sourcing script sets dir, here, port and repository

copy_nginx() {
  local own=$dir/ozon-r2 etc=$dir/etc cdn=http://127.0.0.1:$((port+2)) file key bucket
  rm -rf "$own" "$etc"
  cp -r "$repository/nginx" "$own"
  mkdir "$etc" # instead of /etc/ozon-r2
  sed -i "s#unix:/run/ozon-r2/#unix:$dir/run/#; s#/etc/nginx/ozon-r2/#$own/#; s#/etc/ozon-r2/#$etc/#
    s#/usr/share/ozon-r2/#$own/#" "$own"/*.conf
  # shellcheck disable=SC2016 # nginx's variables
  echo '"~^http://(127\.0\.0\.1|localhost)(:[0-9]+)?$" $http_origin;' >"$etc/origins"
  for file in nginx bucket page session; do
    sed "s#@PORT@#$port#g; s#@S3_PORT@#$((port+3))#g; s#@SESSION_PORT@#$((port+7))#g; s#@DIR@#$dir#g
      s#@WORKERS@#${WORKERS:-2}#g" "$here/nginx/$file.conf" >"$dir/$file.conf"
  done
  if [ -n "${SETTINGS_FILE:-}" ]; then
    rm "$dir"/{bucket,page,session}.conf
    return
  fi
  # The Content-Security-Policy of the pages names the sandbox's bucket, public domain and CDN.
  bucket=$(sed -n 's/^R2_ENDPOINT_URL=//p' "$dir/handler.env")
  printf '%s;\n' "bucket $bucket" "public http://127.0.0.1:$port" "cdn $cdn" >"$etc/hosts"
  # nginx adds the key for logged-in sessions.
  key=$(sed -n 's/^API_KEYS=\([^,]*\).*/\1/p' "$dir/handler.env")
  echo "default ${key:-none};" >"$etc/session-key"
  echo "proxy_pass http://unix:$dir/run/application.sock:/session;" >"$etc/session-check"
  # Of the two servers, only the second has sessions, so access.conf, which applies to both, is absent.
  cp -r "$own/locations" "$own/session-locations"
  sed -i '/endpoint.conf/i\    include ozon-r2/access-session.conf;' "$own"/session-locations/*.conf
  rm -f "$dir/run/application.sock"
}
