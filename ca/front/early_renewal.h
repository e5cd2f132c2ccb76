/* Certificates that the operator wants renewed before their time: early_renewals of tabard.yaml. */
#ifndef TB_CA_FRONT_EARLY_RENEWAL_H
#define TB_CA_FRONT_EARLY_RENEWAL_H

#include "ca/config/config.h"
#include "ca/front/renewal_window.h"
#include "ca/store/object.h"

/* Bring w forward for the certificate of o. NULL, or the explanation's URL (borrowed; "" = none) when something did. */
const char *tb_early_renewal(const struct tb_config *cfg, const struct tb_order *o, struct tb_renewal_window *w);

#endif
