// The presigned-url endpoint inside nginx, in njs, without a backend. njs runs every request in a new virtual machine,
// so the day's signing key is derived for every request.
import crypto from 'crypto';
const E = process.env;
function hmac(k, m, enc) { return crypto.createHmac('sha256', k).update(m).digest(enc); }
function hex(c) { return '%' + c.charCodeAt(0).toString(16).toUpperCase(); }
function enc(s) { return encodeURIComponent(s).replace(/[!'()*]/g, hex); }
function presign(r) {
  if (r.headersIn['X-API-Key'] !== E.API_KEYS) { r.return(401, '{"success":false}'); return; }
  let path;
  try { path = JSON.parse(r.requestText).r2_path; } catch (e) { r.return(400, '{"success":false}'); return; }
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, ''), d = stamp.substring(0, 8);
  const key = hmac(hmac(hmac(hmac('AWS4' + E.R2_SECRET_ACCESS_KEY, d), 'auto'), 's3'), 'aws4_request');
  const host = E.R2_ENDPOINT_URL.replace(/^https?:\/\//, '');
  const uri = '/' + E.R2_BUCKET_NAME + '/' + path.split('/').map(enc).join('/');
  const scope = d + '/auto/s3/aws4_request';
  const q = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=' + enc(E.R2_ACCESS_KEY_ID + '/' + scope)
    + '&X-Amz-Date=' + stamp + '&X-Amz-Expires=3600&X-Amz-SignedHeaders=host';
  const canon = 'PUT\n' + uri + '\n' + q + '\nhost:' + host + '\n\nhost\nUNSIGNED-PAYLOAD';
  const digest = crypto.createHash('sha256').update(canon).digest('hex');
  const sts = 'AWS4-HMAC-SHA256\n' + stamp + '\n' + scope + '\n' + digest;
  r.headersOut['Content-Type'] = 'application/json';
  r.return(200, JSON.stringify({
    upload_url: E.R2_ENDPOINT_URL + uri + '?' + q + '&X-Amz-Signature=' + hmac(key, sts, 'hex'),
    public_url: E.R2_PUBLIC_BASE + '/' + path,
  }));
}
export default { presign };
