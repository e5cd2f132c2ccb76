#include "ca/backup/ustar.h"

#include <stdio.h>
#include <string.h>

/* The header as POSIX has it ("ustar Interchange Format"). */
struct block {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100], magic[6],
        version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct block) == TB_USTAR_BLOCK, "a header is one block");

#define SIZE_OCTAL_MAX ((UINT64_C(1) << 33) - 1)

/* Digits in all but the last octet. */
static void put_octal(char *out, size_t len, uint64_t v)
{
    out[--len] = '\0';
    while (len-- > 0) {
        out[len] = (char)('0' + (v & 7));
        v >>= 3;
    }
}

/* What eleven octal digits do not hold is binary behind a first octet of 80, as GNU tar, bsdtar and Python know it. */
static void put_size(char out[static 12], uint64_t v)
{
    if (v <= SIZE_OCTAL_MAX) {
        put_octal(out, 12, v);
        return;
    }
    memset(out, 0, 12);
    out[0] = (char)0x80;
    for (size_t i = 11; v > 0; i--, v >>= 8)
        out[i] = (char)(v & 0xff);
}

static int get_octal(const char *in, size_t len, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        if (in[i] < '0' || in[i] > '7')
            return TB_E_FORMAT;
        *out = *out << 3 | (uint64_t)(in[i] - '0');
    }
    return 0;
}

static int get_size(const char in[static 12], uint64_t *out)
{
    if ((uint8_t)in[0] != 0x80)
        return get_octal(in, 12, out);
    *out = 0;
    for (size_t i = 4; i < 12; i++)
        *out = *out << 8 | (uint8_t)in[i];
    return *out <= TB_USTAR_SIZE_MAX ? 0 : TB_E_LIMIT;
}

static unsigned sum(const struct block *b)
{
    const uint8_t *p = (const uint8_t *)b;
    unsigned total = 0;

    for (size_t i = 0; i < TB_USTAR_BLOCK; i++)
        total += p[i];
    return total;
}

static void make(struct block *b, const struct tb_ustar *h)
{
    memset(b, 0, sizeof(*b));
    memcpy(b->name, h->name, strlen(h->name));
    put_octal(b->mode, sizeof(b->mode), h->mode);
    put_octal(b->uid, sizeof(b->uid), 0);
    put_octal(b->gid, sizeof(b->gid), 0);
    put_size(b->size, h->size);
    put_octal(b->mtime, sizeof(b->mtime), (uint64_t)h->mtime);
    b->typeflag = '0';
    memcpy(b->magic, "ustar", sizeof(b->magic));
    memcpy(b->version, "00", sizeof(b->version));
    put_octal(b->devmajor, sizeof(b->devmajor), 0);
    put_octal(b->devminor, sizeof(b->devminor), 0);
    memcpy(b->prefix, TB_BACKUP_DIR, strlen(TB_BACKUP_DIR));
    memset(b->chksum, ' ', sizeof(b->chksum));
    put_octal(b->chksum, sizeof(b->chksum) - 1, sum(b)); /* six digits, NUL, space */
}

int tb_ustar_write(uint8_t out[static TB_USTAR_BLOCK], const struct tb_ustar *h)
{
    struct block b;

    if (h->name[0] == '\0' || h->mode > 07777 || h->size > TB_USTAR_SIZE_MAX || h->mtime < 0 ||
        (uint64_t)h->mtime > SIZE_OCTAL_MAX)
        return TB_E_LIMIT;
    make(&b, h);
    memcpy(out, &b, sizeof(b));
    return 0;
}

/* One encoding: what is read is written again and compared, so that nothing stands in a field that nobody reads. */
int tb_ustar_read(const uint8_t in[static TB_USTAR_BLOCK], struct tb_ustar *out)
{
    const size_t stem = strlen(TB_BACKUP_DIR_STEM);
    uint64_t mode = 0, mtime = 0;
    struct tb_ustar h = {0};
    struct block b, again;
    int r;

    *out = h;
    memcpy(&b, in, sizeof(b));
    if (memcmp(b.magic, "ustar", sizeof(b.magic)) != 0)
        return TB_E_FORMAT;
    if (memcmp(b.prefix, TB_BACKUP_DIR_STEM, stem) == 0 && b.prefix[stem] >= '0' && b.prefix[stem] <= '9' &&
        memcmp(b.prefix, TB_BACKUP_DIR, sizeof(TB_BACKUP_DIR)) != 0)
        return TB_E_UNSUPPORTED;
    if ((r = get_octal(b.mode, sizeof(b.mode), &mode)) < 0 || (r = get_octal(b.mtime, sizeof(b.mtime), &mtime)) < 0 ||
        (r = get_size(b.size, &h.size)) < 0)
        return r;
    memcpy(h.name, b.name, sizeof(b.name));
    h.mode = (mode_t)mode;
    h.mtime = (tb_time_t)mtime;
    if (h.name[0] == '\0' || mode > 07777)
        return TB_E_FORMAT;
    make(&again, &h);
    if (memcmp(&again, &b, sizeof(b)) != 0)
        return TB_E_FORMAT;
    *out = h;
    return 0;
}
