/**
 * Intents: what is about to be created, written before the call that creates it. A command that was
 * killed and runs again repeats the same call with the same ClientToken, and gets the same machine.
 */
import { serial } from '../../../runtime/serial.ts'
import type { Placement } from './placements.ts'

/** Stores the intents. `write` is atomic, and durable when it resolves. */
export interface Journal {
  read(): Promise<Intent[] | undefined>
  write(intents: Intent[]): Promise<void>
}

export interface Intent {
  /** `group`, `role`, or the id of a machine. */
  slot: string
  attempt: number
  placement?: Placement
  /** The id of what AWS has created. */
  made?: string
}

export interface Intents {
  /** The newest intent for this slot. */
  last(slot: string): Promise<Intent | undefined>
  /** Resolves when the intent is written. */
  begin(intent: Intent): Promise<void>
  done(slot: string, made: string): Promise<void>
}

export function createIntents(journal: Journal): Intents {
  /** Changes run one after the other: each reads what the last one wrote. */
  const inTurn = serial()

  async function change(update: (all: Intent[]) => Intent[]): Promise<void> {
    await inTurn(async () => journal.write(update((await journal.read()) ?? [])))
  }

  return {
    async last(slot) {
      const all = await inTurn(() => journal.read())
      return all?.find((one) => one.slot === slot)
    },
    begin: (intent) => change((all) => [...all.filter(({ slot }) => slot !== intent.slot), intent]),
    done: (slot, made) =>
      change((all) => all.map((one) => (one.slot === slot ? { ...one, made } : one))),
  }
}

/** For a node: its workers always get new ids, so no intent has to survive a restart. */
export function memoryJournal(): Journal {
  let kept: Intent[] = []
  return {
    read: async () => kept,
    async write(intents) {
      kept = intents.filter(({ made }) => made === undefined)
    },
  }
}
