/* Frame: u32 length of the rest || u16 type || u32 request id || body. */
#ifndef TB_IPC_FRAME_H
#define TB_IPC_FRAME_H

#include "lib/ipc/channel.h"

#define TB_FRAME_HEADER_LEN 10u

/* body_len is within the table's limit for the type. */
void tb_frame_header_write(uint8_t out[static TB_FRAME_HEADER_LEN], enum tb_msg_type type, uint32_t id,
                           size_t body_len);
/* Type and id into m, checked against the table: TB_E_FORMAT for an unknown type and for a body that is too long. */
int tb_frame_header_read(const uint8_t in[static TB_FRAME_HEADER_LEN], struct tb_msg *m,
                         size_t *out_body_len) TB_MUST_USE;

#endif
