/**
 * What running commands write, while somebody looks. Who asks for the log of a task has it watched for
 * some seconds; its worker, which waits for that, sends what is added until nobody asks any more. Only
 * in memory, and bounded.
 */

export type Stream = 'stdout' | 'stderr'

/** A piece of a stream, as a worker sends it. */
export interface LogPiece {
  stream: Stream
  /** The bytes of the stream that it is, from and to. */
  from: number
  to: number
  text: string
}

/** A piece, as it is read. */
export interface ReadPiece {
  stream: Stream
  text: string
  /** Bytes of the stream before it that were left out. */
  missed: number
}

/** Where a worker is to go on; a stream without a number begins with the last of it. */
export interface WatchedAttempt {
  id: string
  attempt: number
  stdout?: number
  stderr?: number
}

interface Watched extends WatchedAttempt {
  worker: string
  /** Steady milliseconds. */
  until: number
  pieces: ReadPiece[]
  /** How many pieces there have been in all. */
  next: number
}

/** For how long a task is watched after somebody has asked. */
const watchMs = 10_000
/** Tasks at once; the one that was asked for longest ago goes first. */
const maxWatched = 100
/** Characters kept of one task, for those who ask. */
const maxCharacters = 512 * 1024

export type LiveLogs = ReturnType<typeof createLiveLogs>

/** `now`: steady milliseconds. */
export function createLiveLogs(now: () => number) {
  /** By task, the one that was asked for longest ago first. */
  const watched = new Map<string, Watched>()
  const waiting = new Map<() => void, string>()
  let closed = false

  function forgetUnwatched(): void {
    for (const [id, { until }] of watched) {
      if (until > now() && watched.size <= maxWatched) return
      watched.delete(id)
    }
  }

  function of(worker: string): WatchedAttempt[] {
    forgetUnwatched()
    const mine = [...watched.values()].filter((one) => one.worker === worker)
    return mine.map(({ id, attempt, stdout, stderr }) => ({
      id,
      attempt,
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
    }))
  }

  /** Another attempt begins anew; who reads goes on behind what came before. */
  function entryOf(id: string, attempt: number, worker: string): Watched {
    const known = watched.get(id)
    const until = now() + watchMs
    if (known?.attempt === attempt) return Object.assign(known, { until, worker })
    return { id, attempt, worker, until, pieces: [], next: known?.next ?? 0 }
  }

  function shorten(entry: Watched): void {
    let characters = entry.pieces.reduce((sum, { text }) => sum + text.length, 0)
    while (characters > maxCharacters) characters -= entry.pieces.shift()?.text.length ?? 0
  }

  return {
    /** Somebody looks at this attempt. */
    watch(id: string, attempt: number, worker: string): void {
      const entry = entryOf(id, attempt, worker)
      watched.delete(id)
      watched.set(id, entry)
      forgetUnwatched()
      for (const [wake, waits] of waiting) if (waits === worker) wake()
    },

    /** The pieces after `after` of them, as far as they are kept. */
    read(id: string, after: number): { pieces: ReadPiece[]; next: number } {
      const { pieces, next } = watched.get(id) ?? { pieces: [], next: 0 }
      // Who asks for more than there has been has seen those of an earlier watch.
      const fresh = after > next ? pieces : pieces.slice(-(next - after) || pieces.length)
      return { pieces: fresh, next }
    },

    /** Adds what a worker sends. Nobody may look any more: then it is dropped. */
    add(id: string, attempt: number, pieces: LogPiece[]): void {
      const entry = watched.get(id)
      if (entry?.attempt !== attempt) return
      for (const { stream, from, to, text } of pieces) {
        const known = entry[stream]
        // It was sent again, because its answer was lost.
        if (known !== undefined && to <= known) continue
        const missed = Math.max(0, from - (known ?? 0))
        entry.pieces.push({ stream, text, missed })
        entry.next += 1
        entry[stream] = to
      }
      shorten(entry)
    },

    /** What is watched of this worker's tasks: at once if there is anything, else within `ms`. */
    async watchedOf(worker: string, ms: number, signal?: AbortSignal): Promise<WatchedAttempt[]> {
      const known = of(worker)
      if (known.length > 0 || ms === 0 || closed || signal?.aborted) return known
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, ms)
        function done(): void {
          clearTimeout(timer)
          waiting.delete(done)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        waiting.set(done, worker)
        signal?.addEventListener('abort', done)
      })
      return of(worker)
    },

    /** The node stops: nobody waits any more. */
    close(): void {
      closed = true
      for (const wake of waiting.keys()) wake()
    },
  }
}
