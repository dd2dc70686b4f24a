/** Clusters on EC2. Connects to AWS for each command, in the region that the command is about. */

import { TmError } from '../../../core/errors.ts'
import type { Reporter } from '../../../core/progress.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import { ec2RecordIn, locationOf } from '../../../state/cluster-location.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { ClusterDriver } from '../../cluster.ts'
import { type Connect, hasNoAccount, isNotSetUp } from '../aws/connect.ts'
import { whoAmI } from '../aws/identity.ts'
import { readProgram } from '../boot/program.ts'
import type { BootNodes } from './bootstrap.ts'
import { withCommandContext } from './command-context.ts'
import { findEc2, removeEc2 } from './down.ts'
import { checkAccount, ec2Record, regionFor } from './record.ts'
import { describeLaunched, withRunning } from './running.ts'
import { createEc2, type Ec2Plan, planEc2 } from './up.ts'

export { hasNoAccount }

export interface Ec2DriverOptions {
  state: ClusterState
  /** As given with --region. */
  region: string | undefined
  /** As given with --profile. */
  profile?: string | undefined
  /** The region of the environment, for a new cluster. */
  ambientRegion: string | undefined
  /** Folder of this installation of tm. */
  root: string
  reporter: Reporter
  /** Aborts all waiting; what was created stays. */
  signal: AbortSignal
  connect?: Connect
  fetch?: typeof fetch
  /** Wall-clock milliseconds. */
  now?: () => number
  /** Replaced in tests, where no machine boots. */
  boot?: BootNodes
}

export function ec2Driver(options: Ec2DriverOptions): ClusterDriver<Ec2Plan> {
  const { state, region: givenRegion, ambientRegion, reporter, signal, connect } = options
  const cluster = state.name
  const called = { signal, connect }
  return {
    async up(work) {
      const record = ec2Record(state)
      const region = regionFor(record, givenRegion) ?? ambientRegion
      const program = readProgram(options.root)
      const profile = options.profile ?? record?.profile
      const interrupted = () => upInterrupted(state)
      const command = { ...called, region, profile, interrupted }
      let creating = false
      return await withCommandContext(command, async (aws) => {
        const context = { ...options, profile, aws, cluster, program }
        try {
          return await work({
            plan: (wanted) => planEc2(context, wanted),
            async create(plan) {
              creating = true
              return await createEc2(context, plan)
            },
          })
        } catch (error) {
          throw creating ? await withRunning(error, context) : error
        }
      })
    },

    async down(work) {
      const known = recordFor(state, givenRegion)
      const meant = known.own || givenRegion !== undefined
      const region = givenRegion ?? known.record?.region ?? ambientRegion
      const profile = options.profile ?? known.record?.profile
      const command = { ...called, region, profile, interrupted: downInterrupted }
      try {
        return await withCommandContext(command, async (aws) => {
          checkAccount(known.record, await whoAmI(aws))
          const context = { aws, cluster, reporter, state, ...known }
          return await work({ find: () => findEc2(context), remove: () => removeEc2(context) })
        })
      } catch (error) {
        if (meant || !isNotSetUp(error)) throw error
        reporter.say('EC2 was not looked at: AWS is not set up on this machine.')
        return undefined
      }
    },
  }
}

/** The same name in another region is another cluster, which this machine does not know. */
function recordFor(state: ClusterState, region: string | undefined) {
  const record = ec2RecordIn(state)
  const other = record && region !== undefined && region !== record.region
  return other ? { record: undefined, own: false } : { record, own: locationOf(state) === 'ec2' }
}

function upInterrupted(state: ClusterState): TmError {
  if (state.read() === undefined) return new TmError('failed', 'Interrupted; nothing was created')
  return new TmError('failed', 'Interrupted; what was created so far still exists', {
    suggestions: [suggest`Complete it: ${tm('up')}`, describeLaunched(state)],
  })
}

function downInterrupted(): TmError {
  return new TmError('failed', 'Interrupted; some of the cluster may be left', {
    suggestions: [suggest`Continue: ${tm('down', { yes: true })}`],
  })
}
