/*
 * QTest of the ferronic NIC
 *
 * The tests are in ferronic/, by subject; ferronic/nic.c is their driver.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ferronic/nic.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ferronic_add_register_tests();
    ferronic_add_ring_tests();
    ferronic_add_rx_tests();
    ferronic_add_rss_tests();
    ferronic_add_tx_tests();
    ferronic_add_offload_tests();
    ferronic_add_irq_tests();
    ferronic_add_link_tests();
    ferronic_add_copy_tests();
    ferronic_add_power_tests();
    ferronic_add_hostile_tests();
    ferronic_add_migration_tests();
    ferronic_add_contract_tests();
    ferronic_add_fault_tests();
    ferronic_add_trigger_tests();
    ferronic_add_traffic_tests();
    ferronic_add_fuzz_tests();
    return g_test_run();
}
