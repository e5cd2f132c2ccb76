/* Reasons as data: the texts are an interface, like the numbers. */
#include "include/tabard/verify.h"

#include "lib/base/compiler.h"

static const struct {
    const char *text;
    const char *rfc;
    const char *sentence;
} reasons[TABARD_R__END] = {
    [TABARD_R_ALLOWED] = {"allowed", "", "the policy allows it"},
    [TABARD_R_CHAIN_SOUND] = {"chain-sound", "",
                              "nothing is wrong with the chain; no policy was asked, so nothing is allowed"},
    [TABARD_R_ARGUMENT] = {"argument", "", "the request is not complete or contradicts itself"},
    [TABARD_R_MEMORY] = {"memory", "", "there is no memory"},
    [TABARD_R_NO_CERTIFICATE] = {"no-certificate", "", "the peer showed no certificate"},
    [TABARD_R_CERTIFICATE_MALFORMED] = {"certificate-malformed", "RFC 5280 section 4.1",
                                        "a certificate does not decode"},
    [TABARD_R_CHAIN_TOO_LONG] = {"chain-too-long", "", "the chain has too many certificates, or one is too large"},
    [TABARD_R_NO_ANCHOR_FOR_ROLE] = {"no-anchor-for-role", "RFC 5280 section 6.1.1",
                                     "no trust anchor is given for this role"},
    [TABARD_R_NO_ISSUER] = {"no-issuer", "RFC 5280 section 6.1", "the issuer is neither an anchor nor in the chain"},
    [TABARD_R_SELF_SIGNED] = {"self-signed", "RFC 5280 section 6.1",
                              "the certificate is self-signed and no anchor above a leaf"},
    [TABARD_R_PATH_LOOP] = {"path-loop", "RFC 4158 section 2.4.2", "the path comes back to itself"},
    [TABARD_R_PATH_TOO_DEEP] = {"path-too-deep", "", "the path has too many intermediates"},
    [TABARD_R_PATH_TOO_COSTLY] = {"path-too-costly", "", "there are too many paths to try"},
    [TABARD_R_ANCHOR_OTHER_ROLE] = {"anchor-other-role", "RFC 5280 section 6.1.1",
                                    "the anchor is trusted for the other role only"},
    [TABARD_R_SIGNATURE] = {"signature", "RFC 5280 section 6.1.3", "the signature does not verify"},
    [TABARD_R_SIGNATURE_WEAK] = {"signature-weak", "RFC 8603 section 4", "the signature algorithm is too weak"},
    [TABARD_R_KEY_WEAK] = {"key-weak", "RFC 8603 section 4", "the key is of a kind or size that is not accepted"},
    [TABARD_R_NOT_YET_VALID] = {"not-yet-valid", "RFC 5280 section 4.1.2.5", "the certificate is not valid yet"},
    [TABARD_R_EXPIRED] = {"expired", "RFC 5280 section 4.1.2.5", "the certificate has expired"},
    [TABARD_R_CRITICAL_EXTENSION] = {"critical-extension", "RFC 5280 section 4.2",
                                     "a critical extension is not understood"},
    [TABARD_R_NOT_A_CA] = {"not-a-ca", "RFC 5280 section 4.2.1.9", "the issuer is not a CA"},
    [TABARD_R_KEY_USAGE] = {"key-usage", "RFC 5280 section 4.2.1.3", "the key usage does not permit it"},
    [TABARD_R_PATH_LENGTH] = {"path-length", "RFC 5280 section 4.2.1.9",
                              "there are more CAs below than the path length constraint permits"},
    [TABARD_R_NAME_CONSTRAINT] = {"name-constraint", "RFC 5280 section 4.2.1.10",
                                  "a name violates the name constraints of a CA above"},
    [TABARD_R_NAME_CONSTRAINT_UNKNOWN] = {"name-constraint-unknown", "RFC 5280 section 4.2.1.10",
                                          "a name constraint is of a form that is not understood"},
    [TABARD_R_LEAF_IS_CA] = {"leaf-is-ca", "RFC 5280 section 4.2.1.9", "the leaf is a CA certificate"},
    [TABARD_R_VERSION] = {"version", "RFC 5280 section 4.1.2.1", "the certificate is not of version 3"},
    [TABARD_R_EXTENSION_MALFORMED] = {"extension-malformed", "RFC 5280 section 4.2",
                                      "an extension does not decode or stands twice"},
    [TABARD_R_EKU_ABSENT] = {"eku-absent", "RFC 5280 section 4.2.1.12", "the leaf has no extended key usage"},
    [TABARD_R_EKU_ANY] = {"eku-any", "RFC 5280 section 4.2.1.12", "the leaf is for any purpose instead of this one"},
    [TABARD_R_EKU_OTHER] = {"eku-other", "RFC 5280 section 4.2.1.12", "the leaf is for other purposes"},
    [TABARD_R_EKU_ISSUER] = {"eku-issuer", "RFC 5280 section 4.2.1.12", "an intermediate is for other purposes"},
    [TABARD_R_EKU_ISSUER_ANY] = {"eku-issuer-any", "RFC 5280 section 4.2.1.12",
                                 "an intermediate is for any purpose instead of this one"},
    [TABARD_R_EKU_ANCHOR] = {"eku-anchor", "RFC 5280 section 4.2.1.12", "the anchor itself is for other purposes"},
    [TABARD_R_EKU_EMAIL_ONLY] = {"eku-email-only", "RFC 5280 section 4.2.1.12", "the leaf is for e-mail only"},
    [TABARD_R_REVOKED] = {"revoked", "RFC 5280 section 6.3", "the certificate is revoked"},
    [TABARD_R_CRL_ABSENT] = {"crl-absent", "RFC 5280 section 6.3", "there is no CRL of the issuer"},
    [TABARD_R_CRL_STALE] = {"crl-stale", "RFC 5280 section 5.1.2.5", "the CRL of the issuer is out of date"},
    [TABARD_R_CRL_FUTURE] = {"crl-future", "RFC 5280 section 5.1.2.4", "the CRL of the issuer lies in the future"},
    [TABARD_R_CRL_INVALID] = {"crl-invalid", "RFC 5280 section 6.3.3",
                              "the CRL of the issuer is not valid for this certificate"},
    [TABARD_R_SAN_ABSENT] = {"san-absent", "RFC 9525 section 2", "the leaf has no subject alternative name"},
    [TABARD_R_SAN_NUL] = {"san-nul", "RFC 5280 section 4.2.1.6", "a name contains a NUL"},
    [TABARD_R_SAN_TRAILING_DOT] = {"san-trailing-dot", "RFC 5280 section 4.2.1.6", "a name ends with a dot"},
    [TABARD_R_SAN_EMPTY_LABEL] = {"san-empty-label", "RFC 5280 section 4.2.1.6", "a name has an empty label"},
    [TABARD_R_SAN_WILDCARD] = {"san-wildcard", "RFC 9525 section 6.3",
                               "a wildcard is not the whole first label above two others"},
    [TABARD_R_SAN_NOT_ASCII] = {"san-not-ascii", "RFC 5280 section 7.2",
                                "an internationalised name is not written in A-labels"},
    [TABARD_R_SAN_MALFORMED] = {"san-malformed", "RFC 5280 section 4.2.1.6", "a name is malformed"},
    [TABARD_R_SAN_TOO_MANY] = {"san-too-many", "", "the leaf has too many names"},
    [TABARD_R_CN_ONLY] = {"cn-only", "RFC 9525 section 2",
                          "only the common name is in the policy, and it is never read"},
    [TABARD_R_POLICY_ABSENT] = {"policy-absent", "", "no policy is loaded"},
    [TABARD_R_POLICY_BROKEN] = {"policy-broken", "", "the policy could not be loaded"},
    [TABARD_R_POLICY_EMPTY] = {"policy-empty", "", "the policy has no entries"},
    [TABARD_R_NAME_NOT_LISTED] = {"name-not-listed", "RFC 9525 section 6.1",
                                  "no entry lists a name of the certificate"},
    [TABARD_R_NAME_IDN_NOT_LISTED] =
        {"name-idn-not-listed", "RFC 5890 section 4.4",
         "no entry lists the internationalised name, which may look like one that is listed"},
    [TABARD_R_NAME_WILDCARD_IDENTITY] = {"name-wildcard-identity", "RFC 9525 section 6.3",
                                         "a client's wildcard name stands for no single name"},
    [TABARD_R_ISSUER_NOT_LISTED] = {"issuer-not-listed", "", "no entry names the issuer"},
    [TABARD_R_ISSUER_OTHER_NAME] = {"issuer-other-name", "", "no entry names the issuer together with this name"},
    [TABARD_R_PURPOSE_NOT_GRANTED] = {"purpose-not-granted", "", "the entry is for the other role"},
    [TABARD_R_RESOURCE_NOT_GRANTED] = {"resource-not-granted", "", "no entry grants the resource to this name"},
    [TABARD_R_ENTRY_ENDED] = {"entry-ended", "", "the entry has ended"},
    [TABARD_R_PROOF_METHOD_UNKNOWN] = {"proof-method-unknown", "",
                                       "the certificate does not tell by which method the name was proved"},
    [TABARD_R_PROOF_METHOD_OTHER] = {"proof-method-other", "", "the name was proved by another method"},
    [TABARD_R_ACCOUNT_AMBIGUOUS] = {"account-ambiguous", "", "the names of the certificate map to different accounts"},
    [TABARD_R_PEER_ADDRESS_ABSENT] = {"peer-address-absent", "", "an address is to be checked and none is given"},
    [TABARD_R_PEER_NOT_IN_SAN] = {"peer-not-in-san", "RFC 9525 section 6.4",
                                  "the peer's address is not among the addresses of the certificate"},
    [TABARD_R_PEER_FORWARD_ABSENT] = {"peer-forward-absent", "",
                                      "the name was not looked up, and reverse DNS proves nothing"},
    [TABARD_R_PEER_FORWARD_MISMATCH] = {"peer-forward-mismatch", "", "the name does not resolve to the peer's address"},
};

_Static_assert(TABARD_R__END == 104, "a new reason needs its row, its line in libtabard(3) and its test");

static bool known(enum tabard_reason reason)
{
    return (unsigned)reason < TABARD_R__END && reasons[reason].text != NULL;
}

const char *tabard_reason_text(enum tabard_reason reason)
{
    return known(reason) ? reasons[reason].text : "unknown";
}

const char *tabard_reason_rfc(enum tabard_reason reason)
{
    return known(reason) ? reasons[reason].rfc : "";
}

const char *tabard_reason_sentence(enum tabard_reason reason)
{
    return known(reason) ? reasons[reason].sentence : "unknown";
}
