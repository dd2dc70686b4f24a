/**
 * Errors of AWS as the command that was called says them: what it suggests to run reaches the same
 * cluster in the same region, and being interrupted is no failure of AWS.
 */
import { TmError } from '../../core/errors.ts'
import { tm } from '../saved.ts'

export interface Called {
  /** `up`, `down`, `allow-ip` */
  command: string
  cluster: string
  /** As it was given with --region. */
  region?: string | undefined
  signal?: AbortSignal | undefined
  /** What to say when it was interrupted. */
  interrupted: () => TmError
}

/** Runs `work`; what it throws is told for this command. */
export async function told<T>(called: Called, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (called.signal?.aborted) throw called.interrupted()
    if (!(error instanceof TmError)) throw error
    const { code, message, cause } = error
    const suggestions = error.suggestions.map((one) => forThis(one, called))
    throw new TmError(code, message, { suggestions, cause })
  }
}

/** The parts below do not know the names: they say `tm up` and `tm down`. */
function forThis(suggestion: string, { command, cluster, region }: Called): string {
  if (suggestion.includes('--cluster')) return suggestion
  const place = region && !suggestion.includes('--region') ? ` --region ${region}` : ''
  return suggestion
    .replace(/^Then: tm up$/, `Then: tm ${command}`)
    .replace(/\btm (up|down|allow-ip)\b/g, (_, name: string) => tm(name, cluster) + place)
}
