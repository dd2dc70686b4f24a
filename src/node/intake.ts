/**
 * How fast this node takes new tasks: a disk that fills up slows it down, so that pulling and
 * finishing can catch up, and closes it before results have no room. Looks at the disk now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'
import { TmError } from '../core/errors.ts'
import {
  type DiskSpace,
  describeIntake,
  nextIntake,
  type Intake as State,
  slowRate,
  whatFrees,
} from '../core/intake.ts'
import { diskOf } from '../runtime/disk.ts'

export interface IntakeOptions {
  /** The id of this node. */
  node: string
  /** Of its files. */
  folder: string
  /** Bytes that these files will use again before they grow. */
  reusable: () => Promise<number>
  clock: Clock
  /** Called when it changes. */
  onIntake: (now: DiskSpace & { intake: State }) => void
}

/** The longest wait for one batch: a request may have some, and clients give up after half a minute of silence. */
const longestMs = 8000

export type Intake = ReturnType<typeof createIntake>

export function createIntake({ node, folder, reusable, clock, onIntake }: IntakeOptions) {
  let state: State = 'open'
  let seen: DiskSpace | undefined
  /** When all that was taken so far has had its time: steady milliseconds. */
  let dueAt = 0
  const closing = new AbortController()

  const disk = () => seen && { ...seen, intake: state }

  return {
    state: () => state,
    /** With how tasks are taken; undefined until it was looked at. */
    disk,

    async tick(): Promise<void> {
      const [{ free, size }, again] = await Promise.all([diskOf(folder), reusable()])
      seen = { free: Math.min(size, free + again), size }
      const before = state
      state = nextIntake(before, seen)
      if (state !== before) onIntake({ intake: state, ...seen })
    },

    /**
     * Before something new is taken. Throws `busy` if there is no room for it. `lookUp`: what is stored of it; whoever
     * sends again what is there has lost the answer.
     */
    async expectRoom(lookUp: () => Promise<unknown[]> = async () => [undefined]): Promise<void> {
      const now = state === 'closed' ? disk() : undefined
      if (!now || !(await lookUp()).includes(undefined)) return
      const what = describeIntake(`${node}'s`, now) ?? ''
      throw new TmError('busy', what, { suggestions: [whatFrees] })
    },

    /** After it was taken: resolves when the next may come. */
    async pace(bytes: number): Promise<void> {
      if (state !== 'slow' || !seen) return
      const { steady } = clock()
      const due = Math.max(dueAt, steady) + (bytes / slowRate(seen)) * 1000
      dueAt = Math.min(due, steady + longestMs)
      await sleep(dueAt - steady, undefined, { signal: closing.signal }).catch(() => {})
    },

    /** Nobody waits any more. */
    close: () => closing.abort(),
  }
}
