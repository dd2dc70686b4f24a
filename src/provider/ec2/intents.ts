/**
 * What is about to be made, written down before the call that makes it: a command that was killed
 * and runs again repeats the very same call, with the same ClientToken, and gets the same machine.
 */
import type { Placement } from './placements.ts'

/** Where the intents are kept; whole or not at all, and safe when `write` has answered. */
export interface Journal {
  read(): Promise<Intent[] | undefined>
  write(intents: Intent[]): Promise<void>
}

export interface Intent {
  /** `group`, `role`, or the id of a machine. */
  slot: string
  attempt: number
  placement?: Placement
  /** AWS has answered: this is what was made. */
  made?: string
}

export interface Intents {
  /** The newest intent for this slot. */
  last(slot: string): Promise<Intent | undefined>
  /** Answers when it is written. */
  begin(intent: Intent): Promise<void>
  done(slot: string, made: string): Promise<void>
}

export function createIntents(journal: Journal): Intents {
  /** One change at a time, or two that are begun together would lose one. */
  let turn: Promise<unknown> = Promise.resolve()

  async function change(update: (all: Intent[]) => Intent[]): Promise<void> {
    const mine = turn.then(async () => journal.write(update((await journal.read()) ?? [])))
    turn = mine.catch(() => {})
    await mine
  }

  return {
    async last(slot) {
      await turn
      return (await journal.read())?.find((one) => one.slot === slot)
    },
    begin: (intent) => change((all) => [...all.filter(({ slot }) => slot !== intent.slot), intent]),
    done: (slot, made) =>
      change((all) => all.map((one) => (one.slot === slot ? { ...one, made } : one))),
  }
}

/** For a node: the ids of its workers are new each time, so nothing has to outlive it. */
export function memoryJournal(): Journal {
  let kept: Intent[] = []
  return {
    read: async () => kept,
    async write(intents) {
      kept = intents.filter(({ made }) => made === undefined)
    },
  }
}
