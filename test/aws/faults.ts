// Errors that a test orders for calls to come, by action and count.

import { AwsError, statusOf } from './errors.ts'

export interface FaultSpec {
  /** An action's name, or `*`. */
  action: string
  code: string
  /** The service's own status for the code, if not given. */
  status?: number
  message?: string
  /** How many calls fail; 1 if not given. */
  times?: number
  /** How many matching calls get through first. */
  skip?: number
  /** The call has its effect, and its answer is lost: the error comes in its place. */
  after?: boolean
  /** No answer at all: the connection is cut. */
  cut?: boolean
  /** Only calls with these parameters, as they are on the wire (`SubnetId`, `Tag.1.Value`). */
  where?: Readonly<Record<string, string>>
  /** Only calls signed by one of these. */
  who?: 'operator' | 'instance'
}

export interface Fault {
  readonly spec: FaultSpec
  readonly hits: number
  remove(): void
}

export interface Faults {
  add(spec: FaultSpec): Fault
  /** The fault that this call runs into, counted as met. */
  meet(call: {
    action: string
    flat: Readonly<Record<string, string>>
    who: 'operator' | 'instance'
  }): FaultSpec | undefined
  clear(): void
}

export function createFaults(): Faults {
  const faults = new Set<{ spec: FaultSpec; seen: number; hits: number }>()
  return {
    add(spec) {
      const entry = { spec, seen: 0, hits: 0 }
      faults.add(entry)
      return {
        spec,
        get hits() {
          return entry.hits
        },
        remove: () => void faults.delete(entry),
      }
    },
    meet(call) {
      for (const entry of faults) {
        const { action, where = {}, who, skip = 0, times = 1 } = entry.spec
        if (action !== '*' && action !== call.action) continue
        if (who && who !== call.who) continue
        if (Object.entries(where).some(([name, value]) => call.flat[name] !== value)) continue
        if (entry.hits >= times) continue
        entry.seen += 1
        if (entry.seen <= skip) continue
        entry.hits += 1
        return entry.spec
      }
      return undefined
    },
    clear: () => faults.clear(),
  }
}

export function faultError({ code, message, status }: FaultSpec): AwsError {
  return new AwsError(code, message ?? `${code} (ordered by the test)`, status ?? statusOf(code))
}
