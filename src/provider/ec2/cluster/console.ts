/** What EC2 knows of a machine that does not answer: its instance, its state, and its console. */

import { TmError } from '../../../core/errors.ts'
import { type Connect, connectAws } from '../aws/connect.ts'
import type { AwsContext } from '../aws/context.ts'
import { whoAmI } from '../aws/identity.ts'
import { consoleLines } from '../machines/console.ts'
import { listInstances } from '../machines/instances.ts'
import { withCommandContext } from './command-context.ts'

export interface LookOptions {
  cluster: string
  /** The id of the node or worker. */
  id: string
  region: string | undefined
  profile: string | undefined
  signal: AbortSignal
  connect?: Connect
}

export interface SeenMachine {
  instance: string
  region: string
  /** With which it was found. */
  profile?: string
  /** pending, running, shutting-down, terminated, stopping or stopped */
  state: string
  /** Why it is in its state, if EC2 says so. */
  reason?: string
  console: string[]
}

/** The newest instance of this id; undefined if EC2 lists none: it forgets them after an hour. */
export async function lookAtMachine(options: LookOptions): Promise<SeenMachine | undefined> {
  const { signal, region, profile, connect = connectAws } = options
  const interrupted = () => new TmError('failed', 'Interrupted')
  const command = { region, profile, signal, connect, interrupted }
  const seen = await withCommandContext(command, (aws) => look(aws, options))
  return seen && { ...seen, ...(profile === undefined ? {} : { profile }) }
}

async function look(
  aws: AwsContext,
  { cluster, id }: LookOptions,
): Promise<SeenMachine | undefined> {
  // First, because its errors are the clearest.
  await whoAmI(aws)
  const listed = await listInstances(aws, { cluster })
  const mine = listed.filter((machine) => machine.id === id)
  const newest = mine.sort((a, b) => b.launchedAt - a.launchedAt)[0]
  if (!newest) return undefined
  const { instance, state, reason } = newest
  const console = await consoleLines(aws, instance)
  return { instance, region: aws.region, state, ...(reason ? { reason } : {}), console }
}
