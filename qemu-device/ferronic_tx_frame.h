/*
 * Ferronic NIC: one frame on its way out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_TX_FRAME_H
#define HW_NET_FERRONIC_TX_FRAME_H

#include "ferronic_core.h"

/* What became of a frame. */
typedef enum FerronicTxResult {
    FERRONIC_TX_SENT,       /* or refused: the descriptors are done */
    FERRONIC_TX_BLOCKED,    /* its receiver has no room; tried again later */
    FERRONIC_TX_ABORTED,    /* the queue stopped, or the device has changed */
} FerronicTxResult;

/* A frame at the head of the ring. */
typedef struct FerronicTxFrame {
    const FerronicTxDesc *descs;
    uint32_t count;
    uint32_t command;       /* of the first descriptor */
    uint32_t layout;
    size_t size;
} FerronicTxFrame;

static inline uint32_t ferronic_tx_command(const FerronicTxDesc *desc)
{
    return le32_to_cpu(desc->command);
}

static inline bool ferronic_tx_is_last(const FerronicTxDesc *desc)
{
    return ferronic_tx_command(desc) & FERRONIC_TX_DESC_COMMAND_EOP;
}

/* Whether anybody listens. Looked up once for many frames. */
bool ferronic_tx_has_partner(const FerronicCore *core);

/* The driver has broken a rule. Returns false. */
bool ferronic_tx_refuse(FerronicTx *tx, FerronicRule rule, uint64_t value,
                        const char *detail);

/* A frame that is not sent counts as an error, and its descriptors are done. */
FerronicTxResult ferronic_tx_count_error(FerronicTx *tx, const char *why);

/* Sends the frame at the head of the ring, or what of it was blocked. */
FerronicTxResult ferronic_tx_send_frame(FerronicTx *tx, FerronicTxFrame *frame,
                                        bool partner);

#endif
