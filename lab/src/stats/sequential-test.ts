// SPDX-License-Identifier: Apache-2.0

/** What a sequential test says so far. */
export type SequentialDecision =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject' }
  /** Not decided; accepted after `acceptAfter` more units of exposure without a failure. */
  | { readonly kind: 'go-on'; readonly acceptAfter: number };
