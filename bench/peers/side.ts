/**
 * One side of the comparison, as a program of its own for each phase, so that no side pays for what
 * another one has left in its process: `node bench/peers/SIDE.ts PHASE COUNT` prints an `Answer` as
 * JSON. `prepare` makes the side empty, `enqueue` fills it, `work` is the one worker process,
 * `clean` takes everything away.
 */
export type Phase = 'prepare' | 'enqueue' | 'work' | 'clean'

/** unavailable: why the server of this side can't be used here; anything worse ends the program. */
export type Answer = { ms?: number; guarantee?: string } | { unavailable: string }

export interface Side {
  /** What its server promises as it is set; throws `Unavailable` when there is no server. */
  prepare(): Promise<string>
  /** Milliseconds from the first request until the last one is answered. */
  enqueue(count: number): Promise<number>
  /** Milliseconds from the first task in hand until the server has none that is not done. */
  work(count: number): Promise<number>
  clean(): Promise<void>
}

export class Unavailable extends Error {}

/** Tasks before those that count, so that no side is measured cold. They are worked off, too. */
export const warmUp = 5000

export const payloadBytes = 1024

export async function runSide(side: Pick<Side, 'enqueue'> & Partial<Side>): Promise<void> {
  const [phase, count] = [process.argv[2] as Phase, Number(process.argv[3])]
  let answer: Answer
  try {
    answer = await run(side, phase, count)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    answer = { unavailable: error.message }
  }
  // Some clients keep their process up after they were closed.
  process.stdout.write(JSON.stringify(answer), () => process.exit())
}

async function run(side: Partial<Side>, phase: Phase, count: number): Promise<Answer> {
  if (phase === 'prepare') return { guarantee: (await side.prepare?.()) ?? '' }
  if (phase === 'clean') await side.clean?.()
  if (phase === 'work') return { ms: (await side.work?.(count + warmUp)) ?? Number.NaN }
  if (phase !== 'enqueue') return {}
  await side.enqueue?.(warmUp)
  return { ms: (await side.enqueue?.(count)) ?? Number.NaN }
}

/** Sends all items, so many in a request and so many requests at a time. Milliseconds. */
export async function inLanes<T>(
  items: T[],
  { lanes, batch }: { lanes: number; batch: number },
  send: (items: T[]) => Promise<unknown>,
): Promise<number> {
  const batches = Array.from({ length: Math.ceil(items.length / batch) }, (_, index) =>
    items.slice(index * batch, (index + 1) * batch),
  )
  const began = performance.now()
  const lane = async () => {
    for (let next = batches.shift(); next; next = batches.shift()) await send(next)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return performance.now() - began
}

/** Counts tasks in hand; `all` resolves when there were as many as were enqueued. */
export function countTo(count: number) {
  let seen = 0
  let began = 0
  let done = () => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  return {
    all,
    began: () => began,
    add(tasks: number): void {
      if (seen === 0) began = performance.now()
      seen += tasks
      if (seen >= count) done()
    },
  }
}

/** The text in which a peer's JSON carries the payload. */
export const payload = 'x'.repeat(payloadBytes)
