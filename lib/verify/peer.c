#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/verify/decision.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool tb_address_sound(const struct tabard_address *address)
{
    return address->len == 4 || address->len == 16;
}

/* Sockets show IPv4 peers in mapped form when they listen for both. */
static struct tb_span plain(const struct tabard_address *address)
{
    if (address->len == 16 && memcmp(address->octets, mapped, sizeof(mapped)) == 0)
        return tb_span_of(address->octets + 12, 4);
    return tb_span_of(address->octets, address->len);
}

void tb_address_text(char out[static 64], const struct tabard_address *address)
{
    struct tb_span s = plain(address);

    if (!tb_address_sound(address) || inet_ntop(s.len == 4 ? AF_INET : AF_INET6, s.p, out, 64) == NULL)
        snprintf(out, 64, "none");
}

enum tabard_reason tb_peer_in_san(const struct tabard_address *peer, const struct tb_vname *names, size_t num)
{
    char text[64];

    tb_address_text(text, peer);
    for (size_t i = 0; i < num; i++)
        if (names[i].type == TB_VNAME_IP && strcmp(names[i].text, text) == 0)
            return TABARD_R_ALLOWED;
    return TABARD_R_PEER_NOT_IN_SAN;
}

/* The caller's lookup of this very name: what the peer's address is called in reverse is not asked. */
enum tabard_reason tb_peer_forward(const struct tabard_request *req, const struct tb_vname *name)
{
    bool looked_up = false;

    if (name->type != TB_VNAME_DNS || name->wildcard)
        return TABARD_R_PEER_FORWARD_ABSENT;
    for (size_t i = 0; i < req->num_forward; i++) {
        const struct tabard_forward *f = &req->forward[i];
        struct tb_vname asked;

        if (tb_vname_parse(TB_VNAME_DNS, tb_span_str(f->name), &asked) != TABARD_R_ALLOWED || asked.wildcard ||
            strcmp(asked.text, name->text) != 0)
            continue;
        looked_up = true;
        for (size_t j = 0; j < f->num; j++)
            if (tb_address_sound(&f->addresses[j]) && tb_span_eq(plain(&f->addresses[j]), plain(&req->peer)))
                return TABARD_R_ALLOWED;
    }
    return looked_up ? TABARD_R_PEER_FORWARD_MISMATCH : TABARD_R_PEER_FORWARD_ABSENT;
}
