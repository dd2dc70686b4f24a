/** The calls that a worker makes for its leases. Bodies come as frames, not as JSON. */
import { unpackLeases } from '../core/leases.ts'
import { packResults, type ResultReport, resultsType } from '../core/reports.ts'
import type { Lease } from '../core/task.ts'
import type { AttemptRef, Verdict } from '../node/store/store.ts'
import { type Answer, data, read } from './answers.ts'
import type { Api, Binary } from './client.ts'
import { errorIn, type Patience } from './transport.ts'

export type { AttemptRef, Verdict }

export interface ClaimWish {
  max: number
  /** In blocks, see `workOf` in core/task.ts. */
  maxWork: number
  /** Milliseconds. */
  wait: number
}

/** For 64 MiB on a line of 2 Mbit/s. Milliseconds. */
const bodyTimeout = 300_000

export function leaseCalls(api: Api, binary: Binary) {
  return {
    /** `timeout` is until the answer begins; a large body may take longer. */
    claim: async (json: ClaimWish, patience: Patience = {}): Promise<Lease[]> => {
      const body = new AbortController()
      const timer = setTimeout(() => body.abort(), (patience.timeout ?? 0) + bodyTimeout)
      const signal = patience.signal ? AbortSignal.any([patience.signal, body.signal]) : body.signal
      try {
        const answer = api({ ...patience, signal, untilAnswer: true }).v1.leases.claim.$post({
          json,
        })
        const response = await answer
        if (!response.ok) await data(response as unknown as Promise<Answer<never>>)
        return await read(async () => unpackLeases(new Uint8Array(await response.arrayBuffer())))
      } finally {
        clearTimeout(timer)
      }
    },
    renew: async (leases: AttemptRef[], patience?: Patience) =>
      await verdicts(api(patience).v1.leases.renew.$post({ json: { leases } })),
    complete: async (reports: ResultReport[], patience?: Patience) =>
      await verdicts(
        api(patience).v1.leases.complete.$post({}, binary(packResults(reports), resultsType)),
      ),
    fail: async (reports: (AttemptRef & { error: string })[], patience?: Patience) =>
      await verdicts(api(patience).v1.leases.fail.$post({ json: { reports } })),
    release: async (leases: AttemptRef[], patience?: Patience) =>
      await verdicts(api(patience).v1.leases.release.$post({ json: { leases } })),
  }
}

/** All too late (409) or all of another worker (403) are answers too, not errors. */
async function verdicts(answer: Promise<Answer<{ verdicts: Verdict[] }>>): Promise<Verdict[]> {
  const response = await answer
  const settled = response.status === 409 || response.status === 403
  if (!settled) return (await data(Promise.resolve(response))).verdicts
  const text = await read(() => response.text())
  const given = verdictsIn(text)
  if (given) return given
  throw await errorIn({ status: response.status, text: async () => text })
}

function verdictsIn(text: string): Verdict[] | undefined {
  try {
    return JSON.parse(text).verdicts
  } catch {
    return undefined
  }
}
