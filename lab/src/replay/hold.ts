// SPDX-License-Identifier: Apache-2.0
import { Interrupted } from '../errors.ts';
import type { SimRun, Visit } from '../run/sim-run.ts';
import type { SimulatedMachine } from '../vm/simulated-machine.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';
import type { Simulation } from './simulation.ts';

/** Runs the world up to a place, and gives whoever is there a machine that stands still. Rejects with what that fails with. */
export async function holdAt(
  simulation: Simulation,
  at: StopPoint,
  visit: Visitor,
  signal: AbortSignal,
): Promise<{ readonly reached: boolean }> {
  let visited: Promise<void> | undefined;
  const hold: Visit = {
    at,
    reached: async (machine, loads) => {
      visited = visit(machine, loads);
      // What it fails with is thrown below: for the run it is the end.
      await visited.catch(() => undefined);
      return 'end';
    },
  };
  await simulation.run(undefined, { signal, hold });
  if (visited === undefined && signal.aborted) throw new Interrupted();
  await visited;
  return { reached: visited !== undefined };
}

/** Does something with a machine that stands still. */
export type Visitor = (machine: SimulatedMachine, loads: SimRun['loads']) => Promise<void>;
