#include "tests/unit/said.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define TEXT_MAX 65536

static int kept = -1, memory = -1;

void said_start(void)
{
    fflush(stderr);
    kept = dup(STDERR_FILENO);
    memory = memfd_create("log", MFD_CLOEXEC);
    assert_true(kept >= 0 && memory >= 0);
    assert_true(dup2(memory, STDERR_FILENO) >= 0);
}

void said_end(void)
{
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    close(memory);
    kept = memory = -1;
}

/* "TIME LEVEL: PROCESS: WORD" and fields. */
bool said(const char *word)
{
    static char text[TEXT_MAX + 1];
    ssize_t n = pread(memory, text, TEXT_MAX, 0);
    char wanted[64];

    assert_true(n >= 0);
    text[n] = '\0';
    for (const char *end = " \n"; *end != '\0'; end++) {
        snprintf(wanted, sizeof(wanted), ": %s%c", word, *end);
        if (strstr(text, wanted) != NULL)
            return true;
    }
    return false;
}
