/**
 * Looks into the regions that matter to this machine, or into all, as far as AWS answers within its time.
 * What could not be looked at is a note, and never counts as empty.
 */
import { messageOf, TmError } from '../../../core/errors.ts'
import { within } from '../../../runtime/within.ts'
import { ec2RecordIn } from '../../../state/cluster-location.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { Listing } from '../../cluster.ts'
import { type Connect, isNotSetUp } from '../aws/connect.ts'
import type { AwsContext } from '../aws/context.ts'
import { type Identity, whoAmI } from '../aws/identity.ts'
import { listRoleNames, type RoleNames } from '../iam/role-removal.ts'
import { enabledRegions } from '../network/regions.ts'
import { type AwsPlace, withAws } from './command-context.ts'

export interface LookOptions {
  /** All clusters that this machine remembers. */
  states: ClusterState[]
  /** As given with --region: the only region to look into. */
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

/** What is there in one region. IAM has no regions: `roleNames` are those of all. */
export type Look<T> = (aws: AwsContext, roleNames: Promise<RoleNames>) => Promise<T[]>

export interface Answer<T> {
  found: T[]
  /** The region and account that answered. */
  asked?: Identity
  notes: Listing['notes']
}

/** Who waits longer than this wants to know for what. */
const sayAfterMs = 3000
/** Offline, a second and third try is enough. */
const retryForMs = 3000

/** Clusters on EC2 that this machine has created: in the region that was given, or anywhere. */
export function recordsOf({ states, region: only }: LookOptions): Ec2Record[] {
  return states
    .flatMap((state) => ec2RecordIn(state) ?? [])
    .filter(({ region }) => only === undefined || region === only)
}

/** In the region of the environment, and in the regions where this machine has created a cluster. */
export async function lookInRegions<T>(options: LookOptions, look: Look<T>): Promise<Answer<T>[]> {
  const waiting = setTimeout(() => options.onWait('Waiting for EC2 …'), sayAfterMs)
  try {
    return await lookInPlaces(options, look)
  } finally {
    clearTimeout(waiting)
  }
}

async function lookInPlaces<T>(options: LookOptions, look: Look<T>): Promise<Answer<T>[]> {
  const { region: only, profile, ambientRegion, allRegions } = options
  const home: AwsPlace = { region: only ?? ambientRegion, profile }
  const ofRecords = recordsOf(options).map((one) => ({
    region: one.region,
    profile: profile ?? one.profile,
  }))
  const roles = onceForEachProfile()
  const ask = (places: AwsPlace[]) =>
    Promise.all(unique(places).map((place) => lookInRegion(place, { roles, options, look })))
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
    return [{ found: [], notes: [{ text, failed: true }] }, ...(await ask([home, ...ofRecords]))]
  }
}

interface LookParts<T> {
  roles: ReturnType<typeof onceForEachProfile>
  options: LookOptions
  look: Look<T>
}

/** `region`: undefined stands for the region of the profile. */
async function lookInRegion<T>(
  place: AwsPlace,
  { roles, options, look }: LookParts<T>,
): Promise<Answer<T>> {
  let { region } = place
  try {
    return await inTime(place, options, async (aws) => {
      region = aws.region
      // First, because its errors are the clearest.
      const asked = await whoAmI(aws, { retryForMs })
      const roleNames = roles(place, () => listRoleNames(aws))
      return { found: await look(aws, roleNames), asked, notes: [] }
    })
  } catch (error) {
    const text = `EC2${region ? ` in ${region}` : ''} is left out: ${messageOf(error)}`
    return { found: [], notes: [{ text, failed: !isNotSetUp(error) }] }
  }
}

async function inTime<T>(
  place: AwsPlace,
  { connect, limitMs = 15_000 }: LookOptions,
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
