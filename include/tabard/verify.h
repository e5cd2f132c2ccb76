/*
 * libtabard: may the peer that showed this certificate chain, in this role, reach this resource?
 *
 * It works with certificates of any CA.  A decision depends on its arguments alone: the library has no globals, reads
 * no clock, opens no connection and prints nothing.  Everything that goes wrong is a denial; there is no mode in which
 * a sound chain alone is enough.  Texts returned are owned by the object they were asked of; never NULL unless it is
 * said.
 *
 * Threads: one policy may be reloaded by one thread while others decide with it.  Anchors and CRL sets are read-only
 * once decisions use them.  A decision object belongs to one thread at a time.
 */
#ifndef TABARD_VERIFY_H
#define TABARD_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TABARD_API __attribute__((visibility("default")))

/* Maxima. What exceeds one is refused, never cut. */
#define TABARD_CHAIN_MAX         16    /* certificates handed over, leaf included */
#define TABARD_CERT_MAX          65536 /* octets of one certificate */
#define TABARD_DEPTH_MAX         8     /* CA certificates between leaf and anchor */
#define TABARD_CANDIDATES_MAX    64    /* signatures verified for one decision */
#define TABARD_STEPS_MAX         256   /* partial paths tried for one decision */
#define TABARD_ANCHORS_MAX       1024
#define TABARD_CRLS_MAX          256
#define TABARD_CRL_MAX           (8 << 20) /* octets of one CRL */
#define TABARD_SANS_MAX          100       /* names in one leaf */
#define TABARD_ENTRIES_MAX       16384     /* of one policy */
#define TABARD_POLICY_MAX        (8 << 20) /* octets of one policy */
#define TABARD_ACCOUNT_MAX       255
#define TABARD_RESOURCE_MAX      1023
#define TABARD_ENTRY_NAME_MAX    63
#define TABARD_FORWARD_MAX       16 /* names with forward-confirmed addresses */
#define TABARD_FORWARD_ADDRS_MAX 64 /* addresses of one of them */
#define TABARD_WHY_MAX           255

/* The peer's role in the connection: it alone gives the purpose (client: clientAuth, server: serverAuth). */
enum tabard_role { TABARD_ROLE_CLIENT = 1, TABARD_ROLE_SERVER = 2 };
#define TABARD_ROLE_BIT(role) (1u << (role))

/* Which certificates need a CRL. There is no default. */
enum tabard_revocation {
    TABARD_REVOCATION_NONE = 1,  /* CRLs given are used all the same; one that is absent is no denial */
    TABARD_REVOCATION_LEAF = 2,  /* the leaf's issuer must have a current CRL */
    TABARD_REVOCATION_CHAIN = 3, /* every certificate below the anchor */
};

/*
 * Reasons: numbers and texts ("eku-absent") are stable.  Comments say what is at fault.
 */
enum tabard_reason {
    TABARD_R_ALLOWED = 0,
    TABARD_R_CHAIN_SOUND = 1, /* tabard_chain_check only: nothing is wrong, and nothing is allowed */

    /* the call */
    TABARD_R_ARGUMENT = 10, /* the request violates its contract */
    TABARD_R_MEMORY = 11,
    TABARD_R_NO_CERTIFICATE = 12, /* the peer showed none */
    TABARD_R_CERTIFICATE_MALFORMED = 13,
    TABARD_R_CHAIN_TOO_LONG = 14, /* more than TABARD_CHAIN_MAX, or one above TABARD_CERT_MAX */

    /* the path, RFC 5280 section 6 */
    TABARD_R_NO_ANCHOR_FOR_ROLE = 20, /* no anchor is given for this role */
    TABARD_R_NO_ISSUER = 21,          /* no certificate of the issuer is there */
    TABARD_R_SELF_SIGNED = 22,        /* self-issued and no anchor */
    TABARD_R_PATH_LOOP = 23,          /* the only issuers are already part of the path */
    TABARD_R_PATH_TOO_DEEP = 24,      /* TABARD_DEPTH_MAX */
    TABARD_R_PATH_TOO_COSTLY = 25,    /* TABARD_CANDIDATES_MAX */
    TABARD_R_ANCHOR_OTHER_ROLE = 26,  /* leads to an anchor that is trusted for the other role only */
    TABARD_R_SIGNATURE = 27,
    TABARD_R_SIGNATURE_WEAK = 28, /* MD5, SHA-1, or unknown to the strength table */
    TABARD_R_KEY_WEAK = 29,       /* RSA below 2048 bits, curves below 256, DSA */
    TABARD_R_NOT_YET_VALID = 30,
    TABARD_R_EXPIRED = 31,
    TABARD_R_CRITICAL_EXTENSION = 32,      /* a critical extension that nobody here understands */
    TABARD_R_NOT_A_CA = 33,                /* basicConstraints of an issuer */
    TABARD_R_KEY_USAGE = 34,               /* keyCertSign of an issuer, digitalSignature or keyAgreement of the leaf */
    TABARD_R_PATH_LENGTH = 35,             /* pathLenConstraint */
    TABARD_R_NAME_CONSTRAINT = 36,         /* a name outside the permitted or inside an excluded subtree */
    TABARD_R_NAME_CONSTRAINT_UNKNOWN = 37, /* a constraint of a form that is not understood */
    TABARD_R_LEAF_IS_CA = 38,
    TABARD_R_VERSION = 39,             /* extensions without version 3, or no version 3 */
    TABARD_R_EXTENSION_MALFORMED = 40, /* does not decode, or stands twice */

    /* the purpose */
    TABARD_R_EKU_ABSENT = 50,     /* the leaf has no extendedKeyUsage */
    TABARD_R_EKU_ANY = 51,        /* the leaf holds anyExtendedKeyUsage */
    TABARD_R_EKU_OTHER = 52,      /* the leaf's EKU lacks the role's purpose */
    TABARD_R_EKU_ISSUER = 53,     /* an intermediate's EKU lacks it */
    TABARD_R_EKU_ISSUER_ANY = 54, /* an intermediate holds anyExtendedKeyUsage */
    TABARD_R_EKU_ANCHOR = 55,     /* the anchor's own EKU lacks it */
    TABARD_R_EKU_EMAIL_ONLY = 56, /* the leaf is for e-mail alone */

    /* revocation */
    TABARD_R_REVOKED = 60,
    TABARD_R_CRL_ABSENT = 61,
    TABARD_R_CRL_STALE = 62,   /* nextUpdate has passed, or there is none */
    TABARD_R_CRL_FUTURE = 63,  /* thisUpdate has not come */
    TABARD_R_CRL_INVALID = 64, /* signature, cRLSign, a critical extension, a scope that does not cover it */

    /* the name */
    TABARD_R_SAN_ABSENT = 70, /* no subjectAltName; CN is never read */
    TABARD_R_SAN_NUL = 71,
    TABARD_R_SAN_TRAILING_DOT = 72,
    TABARD_R_SAN_EMPTY_LABEL = 73,
    TABARD_R_SAN_WILDCARD = 74,  /* "*", "*.com", "f*o", two of them */
    TABARD_R_SAN_NOT_ASCII = 75, /* an IDN not in A-labels */
    TABARD_R_SAN_MALFORMED = 76,
    TABARD_R_SAN_TOO_MANY = 77,
    TABARD_R_CN_ONLY = 78, /* an entry names the CN; no SAN is named by one */

    /* the policy */
    TABARD_R_POLICY_ABSENT = 80, /* none was loaded */
    TABARD_R_POLICY_BROKEN = 81, /* the last load failed: everybody is denied */
    TABARD_R_POLICY_EMPTY = 82,
    TABARD_R_NAME_NOT_LISTED = 83,
    TABARD_R_NAME_IDN_NOT_LISTED = 84,    /* as before, and the name is an IDN: perhaps a look-alike */
    TABARD_R_NAME_WILDCARD_IDENTITY = 85, /* a client's wildcard SAN stands for no single listed name */
    TABARD_R_ISSUER_NOT_LISTED = 86,      /* trusted, yet no entry at all names this issuer */
    TABARD_R_ISSUER_OTHER_NAME = 87,      /* entries name this issuer, none together with this name */
    TABARD_R_PURPOSE_NOT_GRANTED = 88,
    TABARD_R_RESOURCE_NOT_GRANTED = 89,
    TABARD_R_ENTRY_ENDED = 90,          /* until */
    TABARD_R_PROOF_METHOD_UNKNOWN = 91, /* the entry wants proof methods and the certificate does not tell them */
    TABARD_R_PROOF_METHOD_OTHER = 92,   /* it tells others */
    TABARD_R_ACCOUNT_AMBIGUOUS = 93,    /* its names map to different accounts */

    /* the network */
    TABARD_R_PEER_ADDRESS_ABSENT = 100, /* a check was asked for without an address to check */
    TABARD_R_PEER_NOT_IN_SAN = 101,
    TABARD_R_PEER_FORWARD_ABSENT = 102, /* no forward addresses were given for the name; reverse DNS proves nothing */
    TABARD_R_PEER_FORWARD_MISMATCH = 103,

    TABARD_R__END = 104
};

/* "eku-absent"; "unknown" for a foreign number. */
TABARD_API const char *tabard_reason_text(enum tabard_reason reason);
/* "RFC 5280 section 4.2.1.12"; "" where no RFC speaks. */
TABARD_API const char *tabard_reason_rfc(enum tabard_reason reason);
/* One English clause for people: "the leaf has no extended key usage". */
TABARD_API const char *tabard_reason_sentence(enum tabard_reason reason);

/* Why a load failed. */
struct tabard_problem {
    unsigned line; /* from 1; 0 when it is none of a line */
    char why[TABARD_WHY_MAX + 1];
};

/* Errors of the calls that return int; 0 is success. */
enum tabard_err {
    TABARD_ERR_MEMORY = -1,
    TABARD_ERR_ARGUMENT = -2,
    TABARD_ERR_FORMAT = -3,
    TABARD_ERR_LIMIT = -4,
    TABARD_ERR_IO = -5, /* errno says why */
};

/* Trust anchors, each for named roles. */
struct tabard_anchors;
TABARD_API struct tabard_anchors *tabard_anchors_new(void);          /* NULL: no memory */
TABARD_API void tabard_anchors_free(struct tabard_anchors *anchors); /* NULL-safe */
/* roles: TABARD_ROLE_BIT()s, at least one. The same certificate again adds roles. */
TABARD_API int tabard_anchors_add_der(struct tabard_anchors *anchors, const void *der, size_t len, unsigned roles);
/* All certificates of a PEM text, or none; no certificate at all is TABARD_ERR_FORMAT. */
TABARD_API int tabard_anchors_add_pem(struct tabard_anchors *anchors, const void *pem, size_t len, unsigned roles);
TABARD_API size_t tabard_anchors_num(const struct tabard_anchors *anchors);

/* CRLs, kept fresh by the caller: make a new set, use it for new decisions, free the old one. */
struct tabard_crls;
TABARD_API struct tabard_crls *tabard_crls_new(void);
TABARD_API void tabard_crls_free(struct tabard_crls *crls);
TABARD_API int tabard_crls_add_der(struct tabard_crls *crls, const void *der, size_t len);
TABARD_API int tabard_crls_add_pem(struct tabard_crls *crls, const void *pem, size_t len);

/* The policy: tabard-policy(5). A new one is absent and denies everybody. */
struct tabard_policy;
TABARD_API struct tabard_policy *tabard_policy_new(void);
TABARD_API void tabard_policy_free(struct tabard_policy *policy); /* nobody may be deciding with it */
/*
 * Replace the policy at once for decisions that start afterwards.  When the text is not a whole and sound policy, the
 * new policy denies everybody, and problem (may be NULL) says why.  To keep the old one instead, ask
 * tabard_policy_check first, over the same bytes.
 */
TABARD_API int tabard_policy_load(struct tabard_policy *policy, const void *text, size_t len,
                                  struct tabard_problem *problem);
TABARD_API int tabard_policy_load_file(struct tabard_policy *policy, const char *path, struct tabard_problem *problem);
/* Is this text a policy?  Sets *out_entries (may be NULL) to their number. */
TABARD_API int tabard_policy_check(const void *text, size_t len, size_t *out_entries, struct tabard_problem *problem);

/* Counters of one entry since it was first loaded under its name. */
struct tabard_counters {
    char name[TABARD_ENTRY_NAME_MAX + 1];
    bool shadow;
    uint64_t allowed;        /* strictly allowed */
    uint64_t denied;         /* the name was listed, and the decision a denial that was enforced */
    uint64_t shadow_allowed; /* strictly a denial, let through by shadow mode: whom enforcing would break */
};
/* The counters of entry i, in the order of the file; false when there is no such entry. */
TABARD_API bool tabard_policy_counters(const struct tabard_policy *policy, size_t i, struct tabard_counters *out);

/* An address in network order: 4 or 16 octets. */
struct tabard_address {
    uint8_t octets[16];
    size_t len;
};
/* What a forward lookup (A, AAAA) of name gave. */
struct tabard_forward {
    const char *name;
    const struct tabard_address *addresses;
    size_t num;
};

/* Checks beside the decision, never instead of it; each is a denial when it fails. */
#define TABARD_PEER_IN_SAN  1u /* an IP SAN of the leaf equals the peer's address */
#define TABARD_PEER_FORWARD 2u /* the peer's address is among those of the DNS name that the policy matched */

/* Fill size with sizeof(struct tabard_request) and zero the rest first. */
struct tabard_request {
    size_t size;
    enum tabard_role role; /* with an SSL *: 0, or what the connection says */
    const char *resource;  /* what is to be reached; not NULL, not "" (tabard_chain_check ignores it) */
    int64_t time;          /* seconds since 1970; the caller's clock */
    const struct tabard_anchors *anchors;
    struct tabard_policy *policy;      /* counters move */
    enum tabard_revocation revocation; /* 0 is refused */
    const struct tabard_crls *crls;    /* may be NULL */
    unsigned peer_checks;              /* TABARD_PEER_ bits; 0 is none */
    struct tabard_address peer;        /* len 0: unknown */
    const struct tabard_forward *forward;
    size_t num_forward;
};

/* One certificate; leaf first, the others in any order. */
struct tabard_cert {
    const void *der;
    size_t len;
};

/* The outcome, to be used again and again. */
struct tabard_decision;
TABARD_API struct tabard_decision *tabard_decision_new(void); /* NULL: no memory; it says "argument" until used */
TABARD_API void tabard_decision_free(struct tabard_decision *decision);

/*
 * Decide.  True when the peer may; whatever else happens is false.  decision may be NULL.
 */
TABARD_API bool tabard_decide(const struct tabard_request *request, const struct tabard_cert *chain, size_t num,
                              struct tabard_decision *decision);
/* The same over the peer's certificates of a connection whose handshake has ended (an SSL * of OpenSSL). */
struct ssl_st;
TABARD_API bool tabard_decide_ssl(const struct tabard_request *request, struct ssl_st *ssl,
                                  struct tabard_decision *decision);
/*
 * What the strict rule says of a chain, without any policy: path, purpose, revocation, shape of the names.  For
 * diagnosis: it allows nothing.  The reason is TABARD_R_CHAIN_SOUND or what is wrong.
 */
TABARD_API void tabard_chain_check(const struct tabard_request *request, const struct tabard_cert *chain, size_t num,
                                   struct tabard_decision *decision);

TABARD_API bool tabard_decision_allowed(const struct tabard_decision *decision); /* as enforced */
/* The strict answer: differs from the enforced one only when a shadow entry let the peer through. */
TABARD_API bool tabard_decision_strict(const struct tabard_decision *decision);
/* Of the strict answer. */
TABARD_API enum tabard_reason tabard_decision_reason(const struct tabard_decision *decision);
/* "" unless allowed. */
TABARD_API const char *tabard_decision_account(const struct tabard_decision *decision);
/* The entry that decided, or that came nearest; "" when none matched. */
TABARD_API const char *tabard_decision_entry(const struct tabard_decision *decision);
/* The SAN that the entry matched, or that is at fault; "" when none. */
TABARD_API const char *tabard_decision_name(const struct tabard_decision *decision);
/* Object at fault: "leaf", "intermediate", "anchor", "crl", "policy", "request"; "" when allowed. */
TABARD_API const char *tabard_decision_object(const struct tabard_decision *decision);
/* Its depth in the path (0 is the leaf); -1 when it is no certificate. */
TABARD_API int tabard_decision_depth(const struct tabard_decision *decision);
/* Its subject in RFC 4514 form with everything unprintable escaped; "" when it is no certificate. */
TABARD_API const char *tabard_decision_subject(const struct tabard_decision *decision);
TABARD_API const char *tabard_decision_expected(const struct tabard_decision *decision);
TABARD_API const char *tabard_decision_seen(const struct tabard_decision *decision); /* printable ASCII */

#ifdef __cplusplus
}
#endif

#endif
