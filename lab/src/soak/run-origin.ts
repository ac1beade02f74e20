// SPDX-License-Identifier: Apache-2.0

/** Who asked for a run. */
export interface RunOrigin {
  readonly campaignId: string;
  /** 0 unless told. */
  readonly cycle?: number;
  /** 0 unless told. */
  readonly attempt?: number;
  /** Not unless told. */
  readonly canary?: boolean;
  /** Of the target's faults: `usual` unless told. */
  readonly profile?: string;
  /** It is no result: nobody shall find it among those. */
  readonly aside?: boolean;
  /** Told of the folder of the run before it begins. */
  readonly onFolder?: (path: string) => void;
}
