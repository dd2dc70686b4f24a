/** Runs the steps of `tm down` so that the failure of one stops no other, and keeps their errors. */
import { TmError } from '../../../core/errors.ts'
import { failsEveryCall } from '../aws/failure.ts'

export interface RemovalSteps {
  /** What `work` returns; undefined if it fails. */
  attempt<T>(step: string, work: () => Promise<T>): Promise<T | undefined>
  /** Keeps the first error of a step. */
  failed(step: string, error: TmError): void
  /** Whether this step, or a part of it (`machine` has the part `machine i-1`), has failed. */
  hasFailed(step: string): boolean
  errors(): TmError[]
}

export function createRemovalSteps(signal: AbortSignal | undefined): RemovalSteps {
  const errors = new Map<string, TmError>()
  const failed = (step: string, error: TmError) => {
    if (!errors.has(step)) errors.set(step, error)
  }
  return {
    async attempt(step, work) {
      try {
        return await work()
      } catch (error) {
        if (signal?.aborted || !(error instanceof TmError) || failsEveryCall(error)) throw error
        failed(step, error)
        return undefined
      }
    },
    failed,
    hasFailed: (step) =>
      [...errors.keys()].some((one) => one === step || one.startsWith(`${step} `)),
    errors: () => [...errors.values()],
  }
}
