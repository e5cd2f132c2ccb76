/* From the judge's record to a valid order, and catching up with the judge's log after a crash or a restored store. */
#include <stdlib.h>
#include <string.h>

#include "ca/front/finalize.h"
#include "lib/base/log.h"

static int fill(struct tb_order *o, const struct tb_issued *is, uint8_t notices)
{
    struct tb_tbs tbs = {0};
    struct tb_span der;
    int r;

    if ((r = tb_cert_tbs(is->cert, &der)) < 0 || (r = tb_tbs_read(der, &tbs)) < 0)
        return r;
    r = TB_E_FORMAT;
    if (tbs.serial.len != TB_SERIAL_LEN)
        goto out;
    r = TB_E_NOMEM;
    o->cert = malloc(is->cert.len);
    if (o->cert == NULL)
        goto out;
    memcpy(o->cert, is->cert.p, is->cert.len);
    o->cert_len = is->cert.len;
    memcpy(o->serial, tbs.serial.p, TB_SERIAL_LEN);
    o->not_after = tbs.not_after;
    o->issued_at = is->made_at;
    o->issuer = is->issuer;
    o->seq = is->seq;
    o->state = TB_ORDER_VALID;
    o->notices = notices;
    r = 0;
out:
    tb_tbs_clear(&tbs);
    return r;
}

int tb_order_issue(struct tb_front *f, const struct tb_issued *is, uint8_t notices, tb_store_done_fn *done, void *arg)
{
    struct tb_store_tx *tx = NULL;
    struct tb_order o;
    int r = tb_store_order_get(f->store, is->order, &o);

    if (r < 0)
        return r;
    if (o.seq != 0)
        r = TB_E_EXISTS;
    else if ((r = fill(&o, is, notices)) == 0 && (r = tb_store_tx_new(f->store, &tx)) == 0) {
        if ((r = tb_store_tx_order_update(tx, &o)) < 0)
            tb_store_tx_free(tx);
        else
            r = tb_store_tx_commit(tx, done, arg);
    }
    tb_order_clear(&o);
    return r;
}

static void on_repaired(int err, void *arg)
{
    (void)arg;
    if (err < 0)
        tb_log(TB_LOG_ERROR, "sync-not-stored", TB_F("why", tb_err_text(err)));
}

static void repair(struct tb_front *f, const struct tb_issued *is)
{
    int r = tb_order_issue(f, is, 0, on_repaired, NULL);

    if (r == 0) {
        f->counters.synced++;
        tb_log(TB_LOG_NOTICE, "order-repaired", TB_N("order", is->order), TB_N("seq", is->seq));
    } else if (r == TB_E_NOTFOUND) {
        tb_log(TB_LOG_WARN, "sync-unknown-order", TB_N("order", is->order), TB_N("seq", is->seq));
    } else if (r != TB_E_EXISTS) {
        tb_log(TB_LOG_ERROR, "sync-failed", TB_N("order", is->order), TB_F("why", tb_err_text(r)));
    }
}

static int ask_sync(struct tb_front *f, uint64_t after);

static int on_sync(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct tb_msg_sync_rsp m;
    uint64_t last = 0;

    (void)arg;
    f->syncing = false;
    if (err < 0)
        return 0;
    if ((err = tb_msg_sync_rsp_read(body, &m)) < 0)
        return err;
    for (size_t i = 0; i < m.num; i++) {
        repair(f, &m.issued[i]);
        last = m.issued[i].seq;
    }
    if (m.num > 0 && ask_sync(f, last) < 0)
        tb_log(TB_LOG_WARN, "sync-stopped", TB_N("seq", last));
    return 0;
}

static int ask_sync(struct tb_front *f, uint64_t after)
{
    struct tb_msg_after m = {.after = after};
    struct tb_edge_call call = {
        .peer = TB_ROLE_JUDGE, .req = TB_MSG_SYNC_REQ, .rsp = TB_MSG_SYNC_RSP, .timeout_s = 3600, .done = on_sync};
    int r;

    tb_wr_reset(&f->ipc);
    tb_msg_after_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    if ((r = tb_edge_call(f->edge, &call)) == 0)
        f->syncing = true;
    return r;
}

void tb_sync_start(struct tb_front *f)
{
    if (!f->syncing && f->store != NULL && ask_sync(f, tb_store_last_seq(f->store)) < 0)
        tb_log(TB_LOG_WARN, "sync-not-started");
}
