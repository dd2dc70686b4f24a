/**
 * `tm list` on EC2: the clusters of the relevant regions, as far as AWS answers within its time. What
 * could not be looked at is a note, and never counts as empty.
 */

import { messageOf, TmError } from '../../../core/errors.ts'
import { renderCommand, tm } from '../../../core/suggestions.ts'
import { within } from '../../../runtime/within.ts'
import { ec2RecordIn } from '../../../state/cluster-location.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { ListedCluster, Listing } from '../../cluster.ts'
import { type Connect, isNotSetUp } from '../aws/connect.ts'
import { type Identity, whoAmI } from '../aws/identity.ts'
import { listRoleNames, type RoleNames } from '../iam/role-removal.ts'
import { enabledRegions } from '../network/regions.ts'
import { type AwsPlace, withAws } from './command-context.ts'
import { listClusters } from './list.ts'

export interface ListOptions {
  /** All clusters that this machine remembers. */
  states: ClusterState[]
  /** As given with --region: the only region to list. */
  region: string | undefined
  /** As given with --profile. */
  profile?: string | undefined
  /** Every region that the account has enabled. */
  allRegions?: boolean
  ambientRegion: string | undefined
  /** Says what is still being waited for when AWS takes long. */
  onWait: (text: string) => void
  connect?: Connect
  /** For all calls in one region; 15 s if undefined. */
  limitMs?: number
}

/** Who waits longer than this wants to know for what. */
const sayAfterMs = 3000
/** Offline, a second and third try is enough. */
const retryForMs = 3000

interface Answer {
  clusters: ListedCluster[]
  /** The region and account that answered. */
  asked?: Identity
  notes: Listing['notes']
}

/** In the region of the environment, and in the regions where this machine has created a cluster. */
export async function listRegions(options: ListOptions): Promise<Listing> {
  const { states, region: only, onWait } = options
  const records = states
    .flatMap((state) => ec2RecordIn(state) ?? [])
    .filter(({ region }) => only === undefined || region === only)
  const waiting = setTimeout(() => onWait('Waiting for EC2 …'), sayAfterMs)
  try {
    const answers = await listPlaces(records, options)
    const found = new Map(
      answers.flatMap(({ clusters, asked }) =>
        clusters.map((one) => [`${asked?.account} ${one.region} ${one.cluster}`, one] as const),
      ),
    )
    const clusters = [...found.values()]
    const asked = answers.flatMap((answer) => answer.asked?.region ?? [])
    const notes = answers.flatMap((answer) => answer.notes)
    return { clusters, notes: [...notes, ...missing(records, clusters, asked)] }
  } finally {
    clearTimeout(waiting)
  }
}

async function listPlaces(records: Ec2Record[], options: ListOptions): Promise<Answer[]> {
  const { region: only, profile, ambientRegion, allRegions } = options
  const home: AwsPlace = { region: only ?? ambientRegion, profile }
  const ofRecords = records.map((one) => ({
    region: one.region,
    profile: profile ?? one.profile,
  }))
  const roles = onceForEachProfile()
  const ask = (places: AwsPlace[]) =>
    Promise.all(unique(places).map((place) => listRegion(place, roles, options)))
  if (!allRegions) {
    return await ask(only !== undefined && ofRecords.length > 0 ? ofRecords : [home, ...ofRecords])
  }
  try {
    const regions = await inTime(home, options, async (aws) => {
      // Once, here; a refusal is the answer for every region.
      await Promise.allSettled([roles(home, () => listRoleNames(aws))])
      return await enabledRegions(aws)
    })
    return await ask([...regions.map((region) => ({ region, profile })), ...ofRecords])
  } catch (error) {
    const text = `Not all regions are listed: ${messageOf(error)}`
    return [{ clusters: [], notes: [{ text, failed: true }] }, ...(await ask([home, ...ofRecords]))]
  }
}

/** `region`: undefined stands for the region of the profile. */
async function listRegion(
  place: AwsPlace,
  rolesOf: ReturnType<typeof onceForEachProfile>,
  options: ListOptions,
): Promise<Answer> {
  let { region } = place
  try {
    return await inTime(place, options, async (aws) => {
      region = aws.region
      // First, because its errors are the clearest.
      const asked = await whoAmI(aws, { retryForMs })
      const roleNames = rolesOf(place, () => listRoleNames(aws))
      return { clusters: await listClusters(aws, roleNames), asked, notes: [] }
    })
  } catch (error) {
    const text = `EC2${region ? ` in ${region}` : ''} is left out: ${messageOf(error)}`
    return { clusters: [], notes: [{ text, failed: !isNotSetUp(error) }] }
  }
}

async function inTime<T>(
  place: AwsPlace,
  { connect, limitMs = 15_000 }: ListOptions,
  work: Parameters<typeof withAws<T>>[1],
): Promise<T> {
  const late = () => new TmError('unreachable', `no answer from AWS in ${limitMs / 1000} s`)
  return await within({ ms: limitMs, late }, (signal) =>
    withAws({ ...place, signal, connect }, work),
  )
}

/** IAM has no regions: its answer is the same for all of them. */
function onceForEachProfile() {
  const asked = new Map<string | undefined, Promise<RoleNames>>()
  return ({ profile }: AwsPlace, ask: () => Promise<RoleNames>): Promise<RoleNames> => {
    const before = asked.get(profile)
    if (before !== undefined) return before
    const now = ask()
    asked.set(profile, now)
    return now
  }
}

function unique(places: AwsPlace[]): AwsPlace[] {
  return [...new Map(places.map((one) => [`${one.region} ${one.profile}`, one])).values()]
}

/** Clusters that this machine has created and that were found in no region. */
function missing(
  records: Ec2Record[],
  clusters: ListedCluster[],
  asked: string[],
): Listing['notes'] {
  const shown = (record: Ec2Record) =>
    clusters.some((one) => one.cluster === record.cluster && one.region === record.region)
  return records
    .filter((record) => !shown(record))
    .map(({ cluster, region }) =>
      asked.includes(region)
        ? {
            text: `Cluster ${cluster} is gone from ${region}. Forget it: ${renderCommand(tm('down'), { cluster })}`,
            failed: false,
          }
        : {
            text: `Cluster ${cluster} in ${region} was created here; whether it still runs is unknown`,
            failed: true,
          },
    )
}
