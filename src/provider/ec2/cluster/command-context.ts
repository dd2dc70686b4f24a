/**
 * Opens a connection to AWS for one command, tells an interruption from an error of AWS, and ends the
 * command soon after a signal, whatever it is waiting for.
 */
import type { TmError } from '../../../core/errors.ts'
import { within } from '../../../runtime/within.ts'
import { type AwsOptions, type Connect, connectAws, disconnectAws } from '../aws/connect.ts'
import type { AwsContext } from '../aws/context.ts'

/** Where to connect to; what is undefined is as the environment and the profile say. */
export type AwsPlace = Pick<AwsOptions, 'region' | 'profile'>

export interface AwsCommand extends AwsPlace {
  signal: AbortSignal
  /** The error to throw after an interruption. */
  interrupted: () => TmError
  connect?: Connect | undefined
}

/** For work to end by itself, with its step shown as failed. */
const graceMs = 500

export async function withCommandContext<T>(
  { interrupted, signal, ...place }: AwsCommand,
  work: (aws: AwsContext) => Promise<T>,
): Promise<T> {
  const limit = { ms: Number.POSITIVE_INFINITY, signal, late: interrupted, graceMs }
  try {
    return await within(limit, () => withAws({ ...place, signal }, work))
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  }
}

export async function withAws<T>(
  { connect = connectAws, ...place }: Omit<AwsCommand, 'interrupted'>,
  work: (aws: AwsContext) => Promise<T>,
): Promise<T> {
  const aws = await connect(place)
  try {
    return await work(aws)
  } finally {
    disconnectAws(aws)
  }
}
