/* Subcommands of tabardd that work on the state directory. argv[0] is the subcommand's word. */
#ifndef TB_CA_CONFIG_COMMAND_H
#define TB_CA_CONFIG_COMMAND_H

/* Exit statuses. */
#define TB_EXIT_OK      0
#define TB_EXIT_FAILURE 1 /* the world said no */
#define TB_EXIT_USAGE   2
#define TB_EXIT_CONFIG  3 /* the configuration or the state is wrong */

/* Make a CA: keys, certificates, configuration. */
int tb_cmd_init(int argc, char **argv);
/* Add a part that an existing CA lacks. */
int tb_cmd_add(int argc, char **argv);
/* Renew the certificates that the CA's own listeners show. */
int tb_cmd_renew_own(int argc, char **argv);
/* Check configuration and state, one problem a line. */
int tb_cmd_check_config(int argc, char **argv);

#endif
