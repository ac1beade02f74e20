// SPDX-License-Identifier: Apache-2.0
import type { Ajv2020 } from 'ajv/dist/2020.js';
import plugin from 'ajv-formats';

/** Teaches a validator what `date-time`, `uri` and their like are. */
export function addFormats(ajv: Ajv2020): Ajv2020 {
  // The plugin is CommonJS: its function is the default of the default.
  plugin.default(ajv);
  return ajv;
}
