// SPDX-License-Identifier: Apache-2.0

/** Memory of a guest, by its kernel, in MiB. */
export const memoryMiB = { fast: 256, debug: 512 } as const;

/** Kernel parameters of a soak's guests: everything on the console, nothing that hides a crash. */
export const soakParameters = ['loglevel=8', 'printk.devkmsg=on', 'kfence.sample_interval=0'];
