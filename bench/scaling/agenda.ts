/** What is to happen when, in virtual time. */
export function createAgenda() {
  /** Latest first, so that the next is taken from the end. */
  const events: { at: number; run: () => void }[] = []
  let now = 0

  return {
    now: () => now,

    /** What was said first happens first. */
    at(at: number, run: () => void): void {
      let low = 0
      let high = events.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((events[middle]?.at ?? 0) > at) low = middle + 1
        else high = middle
      }
      events.splice(low, 0, { at, run })
    },

    /** Until nothing is left. */
    run(): void {
      for (let next = events.pop(); next; next = events.pop()) {
        now = next.at
        next.run()
      }
    },
  }
}
