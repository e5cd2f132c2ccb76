#include "ca/validator/validator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_stats.h"
#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/ca/validator/http_server.h"
#include "tests/unit/test.h"

#define ACCOUNT "https://ca.example/acme/acct/1"
#define SERVER  TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT  TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)

static struct event_base *base;
static struct dns_server *dns;
static struct http_server *web;
static struct tb_config cfg;
static struct tb_child child;
static struct tb_channel *front;
static struct tb_key token_key, statement_key;
static uint8_t thumbprint[TB_DIGEST_LEN];
static char dir[64];

/* The front's end: the last answer. */
static struct {
    int num;
    enum tb_msg_type type;
    uint32_t id;
    uint8_t body[65536];
    size_t len;
} got;

static int front_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    (void)ch;
    (void)arg;
    got.num++;
    got.type = m->type;
    got.id = m->id;
    assert_true(m->body.len <= sizeof(got.body));
    memcpy(got.body, m->body.p, m->body.len);
    got.len = m->body.len;
    return 0;
}

static void front_closed(struct tb_channel *ch, int err, void *arg)
{
    (void)ch;
    (void)err;
    (void)arg;
}

static int validator_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    (void)arg;
    return tb_validator_role.handlers[m->type](&child, ch, m);
}

static const struct tb_channel_ops front_ops = {.message = front_message, .closed = front_closed};
static const struct tb_channel_ops validator_ops = {.message = validator_message, .closed = front_closed};

static void key_file(enum tb_state_file file, struct tb_key *key)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    FILE *f;

    tb_random(key, sizeof(*key));
    tb_config_file(&cfg, file, path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(key->b, 1, sizeof(key->b), f), sizeof(key->b));
    assert_ok(fclose(f));
}

static void config_fill(void)
{
    struct tb_zone *zone = &cfg.zones[0];
    char keys[96];

    strcpy(dir, "/tmp/tb-validator-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(keys, sizeof(keys), "%s/keys", dir);
    assert_ok(mkdir(keys, 0700));
    cfg = (struct tb_config){.num_zones = 1,
                             .perspective = 1,
                             .signer = 1,
                             .num_caa_identities = 1,
                             .caa_identities = {"ca.example"},
                             .base_url = "https://ca.example",
                             .methods = TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01),
                             .limits = {.validations_max = 4, .validation_timeout_s = 1}};
    strcpy(cfg.dir, dir);
    zone->http_port = zone->https_port = http_server_port(web);
    zone->num_resolvers = 1;
    zone->num_allow_private = 1;
    zone->allow_private[0] = (struct tb_net){.addr = {[10] = 0xff, [11] = 0xff, [12] = 127}, .prefix = 104};
    dns_server_listen(dns, &zone->resolver[0]);
    key_file(TB_FILE_TOKEN_KEY, &token_key);
    key_file(TB_FILE_STATEMENT_KEY, &statement_key);
}

static int setup(void **state)
{
    int fd[2];

    (void)state;
    base = event_base_new();
    dns = dns_server_new(base);
    web = http_server_new(base, false);
    config_fill();
    tb_random(thumbprint, sizeof(thumbprint));
    child = (struct tb_child){.role = TB_ROLE_VALIDATOR, .base = base, .cfg = &cfg};
    assert_ok(tb_validator_role.open(&child));
    assert_ok(tb_validator_role.setup(&child));
    assert_ok(tb_channel_pair(fd));
    assert_ok(tb_channel_new(base, fd[0], TB_ROLE_FRONT, TB_ROLE_VALIDATOR, false, &front_ops, NULL, &front));
    assert_ok(tb_channel_new(base, fd[1], TB_ROLE_VALIDATOR, TB_ROLE_FRONT, false, &validator_ops, NULL,
                             &child.peer[TB_ROLE_FRONT]));
    return 0;
}

static int teardown(void **state)
{
    char cmd[128];

    (void)state;
    tb_validator_role.teardown(&child);
    assert_null(child.state);
    tb_channel_free(child.peer[TB_ROLE_FRONT]);
    tb_channel_free(front);
    http_server_free(web);
    dns_server_free(dns);
    event_base_free(base);
    (void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    return system(cmd);
}

static void turn(int num, int ms)
{
    for (int i = 0; i < ms && got.num < num; i++) {
        const struct timeval tv = {.tv_usec = 1000};

        event_base_loopexit(base, &tv);
        event_base_dispatch(base);
    }
}

static uint32_t next_id;

static void send_message(enum tb_msg_type type, struct tb_wr *wr)
{
    assert_ok(tb_wr_err(wr));
    assert_ok(tb_channel_send(front, type, ++next_id, tb_wr_span(wr)));
    tb_wr_clear(wr);
}

static struct tb_ident dns_ident(const char *text)
{
    struct tb_ident id;

    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL));
    return id;
}

static struct tb_msg_validate_req request_spec(struct tb_challenge_spec spec)
{
    struct tb_msg_validate_req req = {.spec = spec};
    struct tb_msg_token_req treq = {.num = 1, .spec = &req.spec, .expiry = tb_clock_now_s() + 3600};
    struct tb_msg_token_rsp trsp;
    struct tb_wr wr;

    strcpy(req.account_url, ACCOUNT);
    strcpy(treq.account_url, ACCOUNT);
    memcpy(req.thumbprint, thumbprint, sizeof(thumbprint));
    memcpy(treq.thumbprint, thumbprint, sizeof(thumbprint));
    got.num = 0;
    tb_wr_init(&wr, 65536);
    tb_msg_token_req_write(&wr, &treq);
    send_message(TB_MSG_TOKEN_REQ, &wr);
    turn(1, 2000);
    assert_int_equal(got.type, TB_MSG_TOKEN_RSP);
    assert_ok(tb_msg_token_rsp_read(tb_span_of(got.body, got.len), &trsp));
    assert_int_equal(trsp.problem.type, TB_P_NONE);
    assert_int_equal(trsp.num, 1);
    memcpy(req.token, trsp.token[0], sizeof(req.token));
    tb_msg_token_rsp_clear(&trsp);
    got.num = 0;
    return req;
}

static struct tb_msg_validate_req request_for(enum tb_method method, struct tb_ident ident, tb_purposes_t purposes)
{
    return request_spec((struct tb_challenge_spec){.method = method, .ident = ident, .purposes = purposes});
}

static struct tb_msg_validate_req request(enum tb_method method, const char *name, tb_purposes_t purposes)
{
    return request_for(method, dns_ident(name), purposes);
}

static void post(const struct tb_msg_validate_req *req)
{
    struct tb_wr wr;

    tb_wr_init(&wr, 65536);
    tb_msg_validate_req_write(&wr, req);
    send_message(TB_MSG_VALIDATE_REQ, &wr);
}

static void key_authorization(const struct tb_msg_validate_req *req, char out[TB_KEY_AUTHORIZATION_LEN + 1])
{
    tb_key_authorization(out, req->token, req->thumbprint);
}

static void publish_http(const struct tb_msg_validate_req *req)
{
    static char response[256], path[128];
    char ka[TB_KEY_AUTHORIZATION_LEN + 1];

    key_authorization(req, ka);
    (void)snprintf(path, sizeof(path), "/.well-known/acme-challenge/%s", req->token);
    (void)snprintf(response, sizeof(response), "HTTP/1.1 200 OK\r\n\r\n%s", ka);
    http_server_serve(web, path, response);
    dns_server_add_a(dns, req->spec.ident.value, "127.0.0.1");
}

static void publish_txt_at(const struct tb_msg_validate_req *req, const char *name)
{
    char ka[TB_KEY_AUTHORIZATION_LEN + 1], value[TB_B64U_DIGEST_LEN + 1];
    uint8_t digest[TB_DIGEST_LEN];

    key_authorization(req, ka);
    tb_sha256(digest, tb_span_str(ka));
    tb_b64u_encode(value, tb_span_of(digest, sizeof(digest)));
    dns_server_add_txt(dns, name, "something else");
    dns_server_add_txt(dns, name, value);
}

static void publish_txt(const struct tb_msg_validate_req *req)
{
    char name[300];

    (void)snprintf(name, sizeof(name), "_acme-challenge.%s", req->spec.ident.value);
    publish_txt_at(req, name);
}

static struct tb_msg_statements answer(void)
{
    struct tb_msg_statements m;

    turn(1, 6000);
    assert_int_equal(got.num, 1);
    assert_int_equal(got.id, next_id);
    assert_ok(tb_msg_statements_read(tb_span_of(got.body, got.len), &m));
    return m;
}

static enum tb_problem_type refusal(const struct tb_msg_validate_req *req)
{
    struct tb_msg_statements m;
    enum tb_problem_type type;

    got.num = 0;
    post(req);
    m = answer();
    type = m.problem.type;
    assert_int_equal(m.num, 0);
    assert_null(strstr(m.problem.detail, req->token));
    tb_msg_statements_clear(&m);
    return type;
}

static void good_answer(void)
{
    struct tb_msg_statements m = answer();

    assert_int_equal(m.problem.type, TB_P_NONE);
    assert_int_equal(m.num, 2);
    tb_msg_statements_clear(&m);
}

static void http01_gives_a_statement_for_each_purpose_and_caa(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_HTTP_01, "a.test", SERVER | CLIENT);
    struct tb_msg_statements m;
    struct tb_audience audience;
    struct tb_statement s;
    uint8_t digest[TB_DIGEST_LEN];

    (void)state;
    publish_http(&req);
    post(&req);
    m = answer();
    assert_int_equal(m.problem.type, TB_P_NONE);
    assert_int_equal(m.num, 3);
    tb_config_audience(&cfg, &audience);
    tb_sha256(digest, tb_span_str(req.token));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(tb_statement_read(m.blob[i], &statement_key, &s));
        assert_true(tb_audience_eq(&s.audience, &audience));
        assert_true(tb_ident_eq(&s.ident, &req.spec.ident));
        assert_int_equal(s.perspective, 1);
        assert_int_equal(s.kind, i < 2 ? TB_PROOF_CONTROL : TB_PROOF_CAA);
        if (i == 2)
            continue;
        assert_int_equal(s.purpose, i == 0 ? TB_PURPOSE_SERVER_AUTH : TB_PURPOSE_CLIENT_AUTH);
        assert_int_equal(s.method, TB_METHOD_HTTP_01);
        assert_string_equal(s.account_url, ACCOUNT);
        assert_memory_equal(s.thumbprint, thumbprint, TB_DIGEST_LEN);
        assert_memory_equal(s.token_digest, digest, TB_DIGEST_LEN);
        assert_int_equal(s.peer_addr[12], 127);
    }
    assert_true(s.caa.unrestricted);
    tb_msg_statements_clear(&m);
}

static void dns01_serves_wildcards_and_caa_keeps_the_flag(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "*.a.test", SERVER);
    struct tb_msg_statements m;
    struct tb_statement s;

    (void)state;
    publish_txt(&req);
    post(&req);
    m = answer();
    assert_int_equal(m.problem.type, TB_P_NONE);
    assert_int_equal(m.num, 2);
    assert_ok(tb_statement_read(m.blob[1], &statement_key, &s));
    assert_int_equal(s.kind, TB_PROOF_CAA);
    assert_true(s.ident.wildcard);
    tb_msg_statements_clear(&m);
}

/* RFC 9444: what is proved at the domain; CAA is of the domain itself, never of what is below it. */
static void dns01_serves_a_subtree_and_caa_has_no_such_scope(void **state)
{
    struct tb_msg_validate_req req =
        request_spec((struct tb_challenge_spec){TB_METHOD_DNS_01, dns_ident("a.test"), SERVER, true});
    struct tb_msg_validate_req narrow = req, wide = request(TB_METHOD_DNS_01, "a.test", SERVER);
    struct tb_msg_statements m;
    struct tb_statement s;

    (void)state;
    publish_txt(&req);
    narrow.spec.subtree = false;
    assert_int_equal(refusal(&narrow), TB_P_UNAUTHORIZED);
    wide.spec.subtree = true;
    assert_int_equal(refusal(&wide), TB_P_UNAUTHORIZED);
    got.num = 0;
    post(&req);
    m = answer();
    assert_int_equal(m.problem.type, TB_P_NONE);
    assert_int_equal(m.num, 2);
    assert_ok(tb_statement_read(m.blob[0], &statement_key, &s));
    assert_true(s.subtree && s.kind == TB_PROOF_CONTROL && s.method == TB_METHOD_DNS_01);
    assert_string_equal(s.ident.value, "a.test");
    assert_ok(tb_statement_read(m.blob[1], &statement_key, &s));
    assert_true(!s.subtree && s.kind == TB_PROOF_CAA);
    tb_msg_statements_clear(&m);
}

static void dns01_without_the_value_is_refused(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "a.test", SERVER);

    (void)state;
    assert_int_equal(refusal(&req), TB_P_UNAUTHORIZED);
    dns_server_add_txt(dns, "_acme-challenge.a.test", "wrong");
    assert_int_equal(refusal(&req), TB_P_INCORRECT_RESPONSE);
    dns_server_fault(dns, "_acme-challenge.a.test", 0, DNS_SERVFAIL);
    assert_int_equal(refusal(&req), TB_P_DNS);
}

static void a_token_for_anything_else_is_refused_before_any_lookup(void **state)
{
    struct tb_msg_validate_req good = request(TB_METHOD_HTTP_01, "a.test", SERVER), bad;

    (void)state;
    publish_http(&good);
    bad = good;
    strcpy(bad.account_url, ACCOUNT "2");
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    bad = good;
    bad.thumbprint[0] ^= 1;
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    bad = good;
    bad.spec.purposes = CLIENT;
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    bad = good;
    bad.spec.method = TB_METHOD_DNS_01;
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    bad = good;
    bad.spec.ident = dns_ident("b.test");
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    bad = good;
    bad.token[5] = bad.token[5] == 'A' ? 'B' : 'A';
    assert_int_equal(refusal(&bad), TB_P_UNAUTHORIZED);
    assert_int_equal(dns_server_asked(dns), 0);
    got.num = 0;
    post(&good);
    good_answer();
}

static void methods_that_are_off_or_do_not_serve_are_refused(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_HTTP_01, "a.test", SERVER);

    (void)state;
    req.spec.ident.wildcard = true;
    assert_int_equal(refusal(&req), TB_P_REJECTED_IDENTIFIER);
    req.spec.ident.wildcard = false;
    req.spec.subtree = true;
    assert_int_equal(refusal(&req), TB_P_REJECTED_IDENTIFIER);
    req.spec.subtree = false;
    req.spec.method = TB_METHOD_DNS_PERSIST_01;
    assert_int_equal(refusal(&req), TB_P_MALFORMED);
    req.spec.method = TB_METHOD_TLS_ALPN_01;
    assert_int_equal(refusal(&req), TB_P_UNAUTHORIZED);
    req.spec.method = TB_METHOD_DNS_01;
    req.spec.ident = (struct tb_ident){.type = TB_IDENT_IP, .value = "127.0.0.1"};
    assert_int_equal(refusal(&req), TB_P_REJECTED_IDENTIFIER);
    req = request(TB_METHOD_HTTP_01, "a.test", SERVER);
    cfg.methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    assert_int_equal(refusal(&req), TB_P_UNAUTHORIZED);
    assert_int_equal(dns_server_asked(dns), 0);
}

/* RFC 8738 section 2: there is no CAA of an address, and nothing to look up. */
static void an_address_gives_control_statements_alone(void **state)
{
    const struct tb_ident address = {.type = TB_IDENT_IP, .value = "127.0.0.1"};
    struct tb_msg_validate_req req = request_for(TB_METHOD_HTTP_01, address, SERVER);
    struct tb_msg_statements m;
    struct tb_statement s;

    (void)state;
    publish_http(&req);
    post(&req);
    m = answer();
    assert_int_equal(m.problem.type, TB_P_NONE);
    assert_int_equal(m.num, 1);
    assert_ok(tb_statement_read(m.blob[0], &statement_key, &s));
    assert_int_equal(s.kind, TB_PROOF_CONTROL);
    assert_true(tb_ident_eq(&s.ident, &address));
    assert_memory_equal(s.peer_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    assert_int_equal(dns_server_asked(dns), 0);
    tb_msg_statements_clear(&m);
}

static void the_account_url_chooses_the_owner_name(void **state)
{
    char label[TB_DNS_ACCOUNT_LABEL_LEN + 1], name[128];
    struct tb_msg_validate_req req;

    (void)state;
    cfg.methods |= TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01);
    req = request(TB_METHOD_DNS_ACCOUNT_01, "a.test", SERVER);
    publish_txt(&req);
    assert_int_equal(refusal(&req), TB_P_UNAUTHORIZED);
    tb_dns_account_label(label, ACCOUNT);
    (void)snprintf(name, sizeof(name), "%s._acme-challenge.a.test", label);
    publish_txt_at(&req, name);
    got.num = 0;
    post(&req);
    good_answer();
}

static void caa_refuses_what_was_proved(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_HTTP_01, "a.test", SERVER);

    (void)state;
    publish_http(&req);
    dns_server_add_caa(dns, "test", 0, "issue", "ca.example; validationmethods=dns-01");
    assert_int_equal(refusal(&req), TB_P_CAA);
    dns_server_fault(dns, "a.test", TB_DNS_TYPE_CAA, DNS_SERVFAIL);
    assert_int_equal(refusal(&req), TB_P_DNS);
}

static void silence_ends_with_the_time_limit(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "a.test", SERVER);

    (void)state;
    publish_txt(&req);
    dns_server_fault(dns, "test", TB_DNS_TYPE_CAA, DNS_SILENT);
    assert_int_equal(refusal(&req), TB_P_DNS);
    assert_int_equal(((struct tb_validator *)child.state)->num, 0);
}

static void a_challenge_is_validated_once_at_a_time(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "a.test", SERVER);
    struct tb_msg_statements m;

    (void)state;
    dns_server_fault(dns, "_acme-challenge.a.test", 0, DNS_SILENT);
    post(&req);
    post(&req);
    turn(1, 3000);
    assert_int_equal(got.id, next_id);
    m = answer();
    assert_int_equal(m.problem.type, TB_P_MALFORMED);
    assert_non_null(strstr(m.problem.detail, "in flight"));
    tb_msg_statements_clear(&m);
    got.num = 0;
    turn(1, 5000);
    assert_int_equal(got.id, next_id - 1);
}

static void validations_under_way_are_limited(void **state)
{
    struct tb_msg_validate_req req[5];

    (void)state;
    dns_server_fault(dns, "_acme-challenge.a.test", 0, DNS_SILENT);
    for (int i = 0; i < 5; i++)
        req[i] = request(TB_METHOD_DNS_01, "a.test", SERVER);
    for (int i = 0; i < 4; i++)
        post(&req[i]);
    assert_int_equal(refusal(&req[4]), TB_P_RATE_LIMITED);
    got.num = 0;
    turn(4, 5000);
    assert_int_equal(got.num, 4);
}

static void a_lost_front_abandons_and_a_new_one_may_ask_again(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "a.test", SERVER);

    (void)state;
    dns_server_fault(dns, "_acme-challenge.a.test", 0, DNS_SILENT);
    post(&req);
    turn(1, 50);
    assert_int_equal(((struct tb_validator *)child.state)->num, 1);
    tb_validator_role.peer_down(&child, TB_ROLE_FRONT);
    assert_int_equal(((struct tb_validator *)child.state)->num, 0);
    dns_server_clear(dns);
    publish_txt(&req);
    post(&req);
    good_answer();
}

static void caa_alone_gives_one_statement(void **state)
{
    struct tb_msg_caa_req req = {.ident = dns_ident("*.a.test")};
    struct tb_msg_statements m;
    struct tb_statement s;
    struct tb_wr wr;

    (void)state;
    got.num = 0;
    dns_server_add_caa(dns, "a.test", 0, "issuewild", "ca.example");
    tb_wr_init(&wr, 4096);
    tb_msg_caa_req_write(&wr, &req);
    send_message(TB_MSG_CAA_REQ, &wr);
    m = answer();
    assert_int_equal(got.type, TB_MSG_CAA_RSP);
    assert_int_equal(m.num, 1);
    assert_ok(tb_statement_read(m.blob[0], &statement_key, &s));
    assert_int_equal(s.kind, TB_PROOF_CAA);
    assert_int_equal(s.caa.num_grants, 1);
    assert_string_equal(s.account_url, "");
    tb_msg_statements_clear(&m);
}

static void counters_are_told(void **state)
{
    struct tb_msg_validate_req req = request(TB_METHOD_DNS_01, "a.test", SERVER);
    struct tb_msg_stats stats;
    struct tb_wr wr;
    bool found = false;

    (void)state;
    assert_int_equal(refusal(&req), TB_P_UNAUTHORIZED);
    got.num = 0;
    tb_wr_init(&wr, 16);
    send_message(TB_MSG_STATS_REQ, &wr);
    turn(1, 2000);
    assert_int_equal(got.type, TB_MSG_STATS_RSP);
    assert_ok(tb_msg_stats_read(tb_span_of(got.body, got.len), &stats));
    for (size_t i = 0; i < stats.num; i++)
        if (strcmp(stats.stat[i].name, "validator_invalid_total") == 0) {
            found = true;
            assert_int_equal(stats.stat[i].value, 1);
        }
    assert_true(found);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(http01_gives_a_statement_for_each_purpose_and_caa),
        T(dns01_serves_wildcards_and_caa_keeps_the_flag),
        T(dns01_serves_a_subtree_and_caa_has_no_such_scope),
        T(dns01_without_the_value_is_refused),
        T(a_token_for_anything_else_is_refused_before_any_lookup),
        T(methods_that_are_off_or_do_not_serve_are_refused),
        T(an_address_gives_control_statements_alone),
        T(the_account_url_chooses_the_owner_name),
        T(caa_refuses_what_was_proved),
        T(silence_ends_with_the_time_limit),
        T(a_challenge_is_validated_once_at_a_time),
        T(validations_under_way_are_limited),
        T(a_lost_front_abandons_and_a_new_one_may_ask_again),
        T(caa_alone_gives_one_statement),
        T(counters_are_told),
    };

    tb_log_setup("validator-test", false, TB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
