/*
 * Ferronic NIC: the frames of the traffic generator
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_TEST_FRAME_H
#define HW_NET_FERRONIC_TEST_FRAME_H

#define FERRONIC_TEST_FRAME_MIN     60
#define FERRONIC_TEST_FLOWS_MAX     256

/* What a frame of the generator says of itself. */
typedef struct FerronicTestFrame {
    uint32_t run;           /* which start of the generator it belongs to */
    uint16_t flow;
    uint16_t size;          /* in bytes without FCS */
    uint32_t sequence;      /* in its flow, from 0 */
} FerronicTestFrame;

/*
 * Makes a frame of test->size bytes; all its bytes follow from @test and
 * @seed. @station are 6 bytes.
 */
void ferronic_test_frame_make(const FerronicTestFrame *test, uint64_t seed,
                              const uint8_t *station, bool bad_checksum,
                              uint8_t *frame);

typedef enum FerronicTestVerdict {
    FERRONIC_TEST_FOREIGN,          /* not of the generator */
    FERRONIC_TEST_TRUNCATED,
    FERRONIC_TEST_BAD_CHECKSUM,
    FERRONIC_TEST_CORRUPT,          /* and no checksum shows it */
    FERRONIC_TEST_GOOD,
} FerronicTestVerdict;

/*
 * Checks a frame that came back. Who forwards it may change the Ethernet
 * header, TTL and TOS.
 */
FerronicTestVerdict ferronic_test_frame_check(const uint8_t *frame, size_t size,
                                              uint64_t seed,
                                              FerronicTestFrame *test);

#endif /* HW_NET_FERRONIC_TEST_FRAME_H */
