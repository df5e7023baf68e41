// libcrypto's SHA-256 as plain structs. OpenSSL 3 calls these functions deprecated in favour of EVP, which fetches
// an implementation and allocates a context for every digest; a signature is six small digests.
#ifndef CCRYPTO_SHIM_H
#define CCRYPTO_SHIM_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#endif
