/* Under test: tb_config_parse, tb_config_write; what is written reads back as the same configuration. */
#include <stdlib.h>
#include <string.h>

#include "ca/config/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read_again(const struct tb_config *cfg)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *again = NULL;
    struct tb_wr wr;

    tb_wr_init(&wr, 1 << 20);
    tb_config_write(&wr, cfg);
    if (tb_wr_err(&wr) != 0 || tb_config_parse(tb_wr_span(&wr), "/f/tabard.yaml", &again, why) != 0)
        abort();
    if (memcmp(cfg, again, sizeof(*cfg)) != 0)
        abort();
    tb_config_free(again);
    tb_wr_clear(&wr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    int err;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    err = tb_config_parse(tb_span_of(copy, size), "/f/tabard.yaml", &cfg, why);
    if ((err != 0 && err != TB_E_CONFIG) || (err == 0) != (cfg != NULL))
        abort();
    if (err != 0 && strncmp(why, "/f/tabard.yaml:", 15) != 0)
        abort();
    if (cfg != NULL)
        write_and_read_again(cfg);
    tb_config_free(cfg);
    free(copy);
    return 0;
}
