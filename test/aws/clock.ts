// The time that instances, lags and quotas live by. Tests pass `handClock()` to move it themselves;
// the default is real time, with the delays of `options.ts`.

export interface Clock {
  now(): number
  /** Runs `act` once, `ms` from now. */
  after(ms: number, act: () => void): void
}

export interface HandClock extends Clock {
  /** Moves the time on and runs what fell due, in order. */
  advance(ms: number): void
}

export function realClock(): Clock {
  return {
    now: () => Date.now(),
    // Unreferenced: a forgotten transition must not keep a test process alive.
    after: (ms, act) => void setTimeout(act, ms).unref(),
  }
}

export function handClock(start = Date.now()): HandClock {
  let now = start
  let due: { at: number; act: () => void }[] = []
  return {
    now: () => now,
    after(ms, act) {
      due.push({ at: now + ms, act })
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        due = due.filter((one) => one !== next)
        now = next.at
        next.act()
      }
      now = end
    },
  }
}
