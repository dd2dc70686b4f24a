/** Fetches the setup of a worker's machine from its node, and does it. */
import { messageOf } from '../../core/errors.ts'
import { hashOfSetup, type Setup, type SetupFailure } from '../../core/setup.ts'
import type { SetupOptions, setUp } from './setup.ts'

type How = Pick<SetupOptions, 'signal' | 'onState' | 'onLine'>

/** With the folder and the environment of its machine. */
export type OwnSetUp = (setup: Setup, how: How) => ReturnType<typeof setUp>

/** How it failed, and which it was; undefined if the machine is ready, or the signal was aborted. */
export async function prepareMachine(
  ownSetUp: OwnSetUp | undefined,
  { fetch, ...how }: How & { fetch: () => Promise<Setup | undefined> },
): Promise<(SetupFailure & { hash: string }) | undefined> {
  if (!ownSetUp) return undefined
  const setup = await fetch().catch(() => undefined)
  if (how.signal.aborted) return undefined
  if (!setup) {
    how.onState({})
    return undefined
  }
  const failure = await ownSetUp(setup, how).catch(
    (error): SetupFailure => ({ why: messageOf(error), lines: [] }),
  )
  return failure && { ...failure, hash: hashOfSetup(setup) }
}
