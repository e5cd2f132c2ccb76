/* Object identifiers that more than one file of this directory needs: content octets, as initialisers. */
#ifndef TB_PKI_OID_H
#define TB_PKI_OID_H

#include "lib/base/bytes.h"

#define TB_OID_EC_PUBLIC_KEY   0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01             /* 1.2.840.10045.2.1 */
#define TB_OID_P256            0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07       /* 1.2.840.10045.3.1.7 */
#define TB_OID_P384            0x2b, 0x81, 0x04, 0x00, 0x22                         /* 1.3.132.0.34 */
#define TB_OID_ED25519         0x2b, 0x65, 0x70                                     /* 1.3.101.112 */
#define TB_OID_RSA_ENCRYPTION  0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 /* 1.2.840.113549.1.1.1 */
#define TB_OID_RSA_SHA256      0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b /* 1.2.840.113549.1.1.11 */
#define TB_OID_RSA_SHA384      0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c
#define TB_OID_RSA_SHA512      0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d
#define TB_OID_ECDSA_SHA256    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 /* 1.2.840.10045.4.3.2 */
#define TB_OID_ECDSA_SHA384    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03
#define TB_OID_ECDSA_SHA512    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04
#define TB_OID_COMMON_NAME     0x55, 0x04, 0x03                                     /* 2.5.4.3 */
#define TB_OID_KEY_USAGE       0x55, 0x1d, 0x0f                                     /* 2.5.29.15 */
#define TB_OID_SUBJECT_ALT     0x55, 0x1d, 0x11                                     /* 2.5.29.17 */
#define TB_OID_BASIC           0x55, 0x1d, 0x13                                     /* 2.5.29.19 */
#define TB_OID_CRL_NUMBER      0x55, 0x1d, 0x14                                     /* 2.5.29.20 */
#define TB_OID_CRL_REASON      0x55, 0x1d, 0x15                                     /* 2.5.29.21 */
#define TB_OID_CRL_IDP         0x55, 0x1d, 0x1c                                     /* 2.5.29.28 */
#define TB_OID_CRL_DP          0x55, 0x1d, 0x1f                                     /* 2.5.29.31 */
#define TB_OID_POLICIES        0x55, 0x1d, 0x20                                     /* 2.5.29.32 */
#define TB_OID_AUTHORITY_KEYID 0x55, 0x1d, 0x23                                     /* 2.5.29.35 */
#define TB_OID_EXT_KEY_USAGE   0x55, 0x1d, 0x25                                     /* 2.5.29.37 */
#define TB_OID_AIA             0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01       /* 1.3.6.1.5.5.7.1.1 */
#define TB_OID_CA_ISSUERS      0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02       /* 1.3.6.1.5.5.7.48.2 */
#define TB_OID_EXT_REQUEST     0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e /* 1.2.840.113549.1.9.14 */

/* TB_OID(TB_OID_P256) is a span. */
#define TB_OID(...) tb_span_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#endif
