// libcrypto's SHA-256 and MD5 on plain structs. OpenSSL 3.0 deprecates SHA256_Init, SHA256_Update, SHA256_Final and MD5
// in favor of EVP, which fetches an implementation and allocates a context for each digest; a signature takes three
// small ones, and nine more if its key is derived. If OpenSSL removes these functions, Sources/Digest can use
// EVP_Digest and EVP_MD_CTX_copy_ex with one fetched EVP_MD; DigestTests and the ETags in R2StorageTests cover all that
// is used.
#ifndef CCRYPTO_SHIM_H
#define CCRYPTO_SHIM_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#endif
