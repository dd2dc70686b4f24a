/**
 * Limits the memory of large bodies that are being received. Bytes count when they arrive, not when they
 * are announced, so that a slow sender holds no more than it has sent.
 */
import { TmError } from '../../core/errors.ts'
import { type StallLimit, timeLeft } from '../../core/stall.ts'

export interface BodyMemoryOptions {
  /** For all requests together. The oldest request may go over it, so that one always gets on. */
  bytes: number
  /** Of each request, so many bytes are free: small tasks never wait. */
  freeBytes: number
  /** How fast a sender has to be while others wait. */
  stall?: StallLimit
  /** How long a request waits whose first bytes have no room, and one that already holds some. */
  patienceMs?: { first: number; later: number }
}

/** The slowest link for which large bodies are meant has 0.5 Mbit/s. */
const whileOthersWait: StallLimit = { limitMs: 1000, bytesPerSecond: 64 * 1024 }
/** Shorter than the silence after which a client gives up. */
const patience = { first: 2000, later: 20_000 }
const checkEveryMs = 100

export type BodyMemory = ReturnType<typeof createBodyMemory>
export type BodyShare = ReturnType<BodyMemory['open']>

interface Share {
  received: number
  held: number
  /** It waits for its client; called to take the room away from a client that stalls. */
  interrupt: ((why: TmError) => void) | undefined
  waiting: Waiting | undefined
  /** What counts for the speed of its client. */
  moved: number
  leftMs: number
}

interface Waiting {
  bytes: number
  untilMs: number
  enter(): void
  refuse(why: TmError): void
}

export function createBodyMemory({
  bytes: limit,
  freeBytes,
  stall = whileOthersWait,
  patienceMs = patience,
}: BodyMemoryOptions) {
  /** Those that hold or want room, the oldest first. */
  const shares = new Set<Share>()
  let used = 0
  let watch: NodeJS.Timeout | undefined
  let checkedAt = 0

  const fits = (share: Share, bytes: number) =>
    used + bytes <= limit || shares.values().next().value === share

  function hold(share: Share, bytes: number): void {
    share.held += bytes
    used += bytes
  }

  /** Lets in whoever fits, the oldest first: nobody overtakes a larger one for ever. */
  function admit(): void {
    for (const share of shares) {
      const { waiting } = share
      if (!waiting) continue
      if (!fits(share, waiting.bytes)) return
      share.waiting = undefined
      hold(share, waiting.bytes)
      waiting.enter()
    }
  }

  function drop(share: Share): void {
    used -= share.held
    share.held = 0
    shares.delete(share)
    admit()
  }

  function wait(share: Share, bytes: number): Promise<void> {
    const patienceOf = share.held === 0 ? patienceMs.first : patienceMs.later
    startWatch()
    return new Promise((enter, refuse) => {
      share.waiting = { bytes, untilMs: performance.now() + patienceOf, enter, refuse }
    })
  }

  /** While somebody waits, whoever holds room has to move. */
  function startWatch(): void {
    if (watch) return
    checkedAt = performance.now()
    for (const share of shares) Object.assign(share, { moved: 0, leftMs: stall.limitMs })
    watch = setInterval(check, Math.min(checkEveryMs, stall.limitMs / 4))
  }

  function check(): void {
    const now = performance.now()
    // A node that was stopped itself does not blame its clients.
    const elapsedMs = Math.min(now - checkedAt, 2 * checkEveryMs)
    checkedAt = now
    for (const share of [...shares]) {
      if (share.interrupt) {
        share.leftMs = timeLeft(share.leftMs, { elapsedMs, bytes: share.moved }, stall)
        if (share.leftMs <= 0) share.interrupt(tooSlow())
      } else share.leftMs = stall.limitMs
      share.moved = 0
      const { waiting } = share
      if (waiting && now > waiting.untilMs) {
        share.waiting = undefined
        waiting.refuse(busy())
      }
    }
    if ([...shares].some(({ waiting }) => waiting)) return
    clearInterval(watch)
    watch = undefined
  }

  return {
    /** For one request. */
    open() {
      const share: Share = {
        received: 0,
        held: 0,
        interrupt: undefined,
        waiting: undefined,
        moved: 0,
        leftMs: stall.limitMs,
      }

      /** Undefined: there is room. Throws `busy`. */
      function take(size: number): Promise<void> | undefined {
        share.moved += size
        share.received += size
        const counted = Math.max(0, share.received - freeBytes) - share.held
        if (counted <= 0) return undefined
        shares.add(share)
        if (fits(share, counted)) return void hold(share, counted)
        return wait(share, counted)
      }

      return {
        /** The pieces of a body, each of which has room. Throws `busy`, or `timeout` for a slow sender. */
        async *receive(body: ReadableStream<Uint8Array<ArrayBuffer>> | null) {
          const reader = body?.getReader()
          let taken: TmError | undefined
          const interrupt = (why: TmError) => {
            taken = why
            void reader?.cancel().catch(() => {})
          }
          try {
            for (;;) {
              share.interrupt = interrupt
              const next = await reader?.read()
              share.interrupt = undefined
              if (taken) throw taken
              if (!next || next.done) return
              const room = take(next.value.length)
              if (room !== undefined) await room
              yield next.value
            }
          } finally {
            void reader?.cancel().catch(() => {})
          }
        },
        /** What was received is stored, or nobody needs it. */
        release(): void {
          share.received = 0
          share.interrupt = undefined
          share.waiting = undefined
          drop(share)
        },
      }
    },
  }
}

function busy(): TmError {
  return new TmError('busy', 'This node is receiving as many large bodies as it has memory for', {
    suggestions: ['Try again in a second'],
  })
}

function tooSlow(): TmError {
  return new TmError('timeout', 'The body came too slowly while others waited to send theirs')
}
