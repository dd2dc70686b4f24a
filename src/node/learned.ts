/** What a node has learned of its workers: how long they take to start, and how fast they are. Over restarts, too. */
import type { Timing } from '../core/scaling/target.ts'
import type { StartTimes } from '../provider/provider.ts'
import type { NodeDocuments } from './store/node-documents.ts'

interface Saved {
  /** Milliseconds, newest first. */
  boots: number[]
  /** Cost per millisecond of a slot; 0 if not known. */
  rate: number
}

export interface LearnedOptions {
  documents: NodeDocuments
  /** What the provider says of its machines. */
  starts: StartTimes | undefined
  onError: (what: string, error: unknown) => void
}

const document = 'learned'
const keptBoots = 20
/** A smaller change of the rate is not worth a write. */
const worthSaving = 0.2

/** Of processes: nobody pays for them. */
const startOfProcess: StartTimes = { boot: 300, pending: 0, gap: 0, leastPaid: 0 }

export type Learned = Awaited<ReturnType<typeof loadLearned>>

export async function loadLearned({
  documents,
  starts: usual = startOfProcess,
  onError,
}: LearnedOptions) {
  const saved = ((await documents.load(document)) ?? {}) as Partial<Saved>
  let { boots = [], rate = 0 } = saved
  let savedRate = rate

  function save(): void {
    savedRate = rate
    documents.save(document, { boots, rate }).catch((error) => {
      onError('saving what is known of workers', error)
    })
  }

  return {
    /** A worker has started: in so many milliseconds. */
    booted(ms: number): void {
      boots = [ms, ...boots].slice(0, keptBoots)
      save()
    },

    /** A worker's slot does so much work in a millisecond. */
    measured(cost: number): void {
      rate = rate === 0 ? cost : rate + (cost - rate) / 4
      if (Math.abs(rate - savedRate) > worthSaving * savedRate) save()
    },

    /** Cost per millisecond of a slot; 0 if not known. */
    rate: (): number => rate,

    timing(): Timing {
      const sorted = boots.toSorted((a, b) => a - b)
      const boot = sorted[sorted.length >> 1] ?? usual.boot
      // A boot is never free, whatever was measured.
      const paidBoot = Math.max(1, boot / 4, boot - usual.pending)
      return { boot, paidBoot, gap: usual.gap, leastPaid: usual.leastPaid }
    },
  }
}
