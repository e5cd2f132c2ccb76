/* Subcommands of tabardd about archives. argv[0] is the subcommand's word; the result is an exit status. */
#ifndef TB_CA_BACKUP_COMMAND_H
#define TB_CA_BACKUP_COMMAND_H

/* An archive of a CA, which may run. */
int tb_cmd_backup(int argc, char **argv);
/* A CA from an archive, in an empty directory, in a new epoch. */
int tb_cmd_restore(int argc, char **argv);

#endif
