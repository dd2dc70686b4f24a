/** Which machine gets the token of a worker: the one that was launched as this worker, and no other. */
import type { JoinKeys } from './join-keys.ts'
import type { Worker } from './worker-state.ts'

/** early: the provider has not listed the address yet. taken: another machine joined with this id. */
export type Admission = 'admitted' | 'unknown' | 'early' | 'elsewhere' | 'taken'

export interface JoiningMachine {
  address: string
  /** Each machine chooses its own. */
  key: string
}

export async function admission(
  worker: Worker | undefined,
  { address, key }: JoiningMachine,
  joinKeys: Pick<JoinKeys, 'claim'>,
): Promise<Admission> {
  if (!worker || worker.leaving) return 'unknown'
  if (!worker.machine?.address) return 'early'
  if (worker.machine.address !== address) return 'elsewhere'
  return (await joinKeys.claim(worker.id, key)) ? 'admitted' : 'taken'
}
