// SPDX-License-Identifier: Apache-2.0
import { defineLab } from './lab/src/config/define-lab.ts';
import { e1000eTarget } from './lab/src/config/e1000e-target.ts';
import { ferronicTarget } from './lab/src/config/ferronic-target.ts';

/** Which devices the lab emulates, and which drivers, workloads and faults each is tested with. */
export const lab = defineLab({
  targets: {
    ferronic: ferronicTarget,
    e1000e: e1000eTarget,
  },
});
