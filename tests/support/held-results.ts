// SPDX-License-Identifier: Apache-2.0
// A lab that has the results open and does nothing: started by tests, which kill it.
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { stateDirectory } from '../../lab/src/store/state-directory.ts';

const store = await ResultStore.open(stateDirectory());
process.stdout.write('open\n');
setInterval(() => store, 60_000);
