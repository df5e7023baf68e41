# shellcheck shell=bash
# Sourced by stack: makes the running nginx configuration in $dir, as an operator would install it.
# shellcheck disable=SC2154 # the sourcing script sets dir, here, port and repository

copy_nginx() {
  local own=$dir/ozon-r2 cdn=http://127.0.0.1:$((port+2)) file key bucket
  rm -rf "$own"
  cp -r "$repository/nginx" "$own"
  sed -i "s#unix:/run/ozon-r2/#unix:$dir/run/#" "$own/upstreams.conf"
  sed -i "s#/etc/nginx/ozon-r2/#$own/#" "$own/html.conf"
  # shellcheck disable=SC2016 # nginx's variables
  sed -i '/^map \$http_origin \$ozon_r2_origin {/a\
    "~^http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?$" $http_origin;' "$own/origins.conf"
  for file in nginx bucket page session; do
    sed "s#@PORT@#$port#g; s#@S3_PORT@#$((port+3))#g; s#@SESSION_PORT@#$((port+7))#g; s#@DIR@#$dir#g
      s#@WORKERS@#${WORKERS:-2}#g" "$here/nginx/$file.conf" >"$dir/$file.conf"
  done
  if [ -n "${SETTINGS_FILE:-}" ]; then
    rm "$dir"/{bucket,page,session}.conf
    return
  fi
  # The Content-Security-Policy of the pages names the sandbox's bucket, CDN and public domain.
  bucket=$(sed -n 's/^R2_ENDPOINT_URL=//p' "$dir/handler.env")
  sed -i "s#https://\*\.r2\.cloudflarestorage\.com#$bucket $cdn#
    s#https://r0\.image2url\.com#http://127.0.0.1:$port $cdn#" "$own/origins.conf"
  # nginx adds the key for logged-in sessions (nginx/session.conf).
  key=$(sed -n 's/^API_KEYS=\([^,]*\).*/\1/p' "$dir/handler.env")
  sed -i "s#your-api-key#${key:-none}#" "$own/session.conf"
  sed -i "s#http://127.0.0.1:3000/session#http://unix:$dir/run/application.sock:/session#" "$own/session-check.conf"
  cp -r "$own/locations" "$own/session-locations"
  sed -i 's/endpoint.conf/session.conf/' "$own"/session-locations/*.conf
  rm -f "$dir/run/application.sock"
}
