/**
 * The part of `tm up` that is in AWS: it finds out what is missing, then creates it. Every step
 * completes what an earlier `tm up` left undone, so it can be killed anywhere and run again.
 */
import type { Choices } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { CreatedCluster, UpPlan, Wanted } from '../../cluster.ts'
import type { Program } from '../boot/program.ts'
import { createIntents } from '../machines/intents.ts'
import { type BootNodes, bootNodes } from './bootstrap.ts'
import { mergeChoices, nodePort, setupOf } from './choices.ts'
import { type Discovery, discover } from './discover.ts'
import { checkPort, checkSecurityGroup } from './fixed-choices.ts'
import { type ClusterContext, ensureInfrastructure } from './infrastructure.ts'
import { fileJournal } from './journal.ts'
import { launchNodes } from './launch-nodes.ts'
import { nodeBootScript } from './node-boot-script.ts'
import type { Plan } from './plan.ts'
import { ec2Record, endOf, recordLaunched, recordNodes, urlOf, writeRecord } from './record.ts'
import type { Survey } from './survey.ts'

export interface UpContext extends ClusterContext {
  state: ClusterState
  program: Program
  profile?: string | undefined
  fetch?: typeof fetch
  now?: () => number
  boot?: BootNodes
}

export interface Ec2Plan extends UpPlan {
  priced: Plan
  survey: Survey
  before: Discovery['before']
  diskKey: string | undefined
  choices: Choices
  /** As given with this `tm up`. */
  givenTtlMs: number | undefined
}

export async function planEc2(
  context: UpContext,
  { nodes, choices: given }: Wanted,
): Promise<Ec2Plan> {
  const record = ec2Record(context.state)
  const choices = mergeChoices(record?.choices ?? {}, given)
  checkPort(record, choices.port)
  checkSecurityGroup(record, choices.securityGroup)
  const { survey, ids, plan, before, diskKey } = await discover(context, { nodes, choices })
  return {
    place: { provider: 'ec2', region: survey.identity.region },
    ids,
    fresh: [],
    lost: plan.lost,
    settings: choices.settings,
    priced: plan,
    survey,
    before,
    diskKey,
    choices,
    givenTtlMs: given.ttl,
  }
}

export async function createEc2(context: UpContext, plan: Ec2Plan): Promise<CreatedCluster> {
  const { aws, cluster, reporter, state, program, boot = bootNodes } = context
  const { ids, survey, ttlMs } = plan
  const choices = ttlMs === undefined ? plan.choices : { ...plan.choices, ttl: ttlMs }
  const { identity } = survey
  const { isPublic } = survey.network
  // From here on resources are created: later commands must find the secret and the record.
  state.create()
  const now = (context.now ?? Date.now)()
  const endsAt = endOf(state.read(), { givenMs: plan.givenTtlMs ?? ttlMs, ttlMs: choices.ttl, now })
  const { port = nodePort } = choices
  const { profile } = context
  writeRecord(state, { identity, profile, ids, choices, isPublic, now, endsAt })
  const common = { aws, cluster, reporter, intents: createIntents(fileJournal(state)) }
  const { boundary, instanceProfile, securityGroup, spot, volumeSize, settings } = choices
  const { workerVolumeSize = volumeSize } = choices
  const setup = setupOf(choices)
  const infrastructure = await ensureInfrastructure({
    ...common,
    survey,
    before: plan.before,
    ...(plan.diskKey ? { diskKey: plan.diskKey } : {}),
    port,
    ...(choices.tags ? { tags: choices.tags } : {}),
    cidrs: plan.priced.cidrs,
    spot,
    ...(choices.onDemandFallback ? { onDemandFallback: true } : {}),
    volumeSize,
    workerVolumeSize,
    ...(boundary ? { boundary } : {}),
    ...(instanceProfile ? { instanceProfile } : {}),
    ...(securityGroup ? { securityGroup } : {}),
  })
  const machine = { cluster, region: identity.region, port, owner: identity.arn }
  const bootScript = (id: string) => nodeBootScript({ id, ...machine }, program)
  const launched = await launchNodes({
    ...common,
    infrastructure,
    ids,
    bootScript,
    onLaunched: ({ id, instance }) => recordLaunched(state, { id, instance, url: '' }),
  })
  for (const node of launched) recordLaunched(state, { ...node, url: urlOf(node, port) })
  const options = { aws, cluster, reporter, state, port, program, settings, setup, endsAt }
  const nodes = await boot(launched, infrastructure, options)
  recordNodes(
    state,
    nodes.map(({ id, url, instance, certificate }) => ({
      id,
      url,
      ...(instance ? { instance } : {}),
      ...(certificate ? { certificate } : {}),
    })),
  )
  return { nodes, endsAt }
}
