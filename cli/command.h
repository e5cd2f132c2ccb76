/* Subcommands of tabard; argv[0] is the subcommand's word. */
#ifndef TB_CLI_COMMAND_H
#define TB_CLI_COMMAND_H

/* Exit statuses, as tabard(1) documents them. */
enum { TB_CLI_OK = 0, TB_CLI_FAILURE = 1, TB_CLI_USAGE = 2, TB_CLI_REFUSED = 3 };

int tb_cmd_account(int argc, char **argv);
int tb_cmd_ca(int argc, char **argv);
int tb_cmd_check(int argc, char **argv);
int tb_cmd_get(int argc, char **argv);
int tb_cmd_list(int argc, char **argv);
int tb_cmd_policy(int argc, char **argv);
int tb_cmd_prove(int argc, char **argv);
int tb_cmd_renew(int argc, char **argv);
int tb_cmd_revoke(int argc, char **argv);

#endif
