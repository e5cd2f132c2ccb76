/* The list of an account's orders. */
#ifndef TB_CA_FRONT_ORDERS_H
#define TB_CA_FRONT_ORDERS_H

#define TB_ORDERS_PAGE 100

#endif
