/** What `tm up` finds out about the account and the region. Creates nothing: all that `--dry-run` needs. */

import { TmError } from '../../../core/errors.ts'
import type { Reporter } from '../../../core/progress.ts'
import type { AwsContext } from '../aws/context.ts'
import { type Identity, whoAmI } from '../aws/identity.ts'
import { findImage, findImages, type Images, typesFor } from '../machines/image.ts'
import { describeTypes, type TypeFacts } from '../machines/types.ts'
import { findNetwork, type Network } from '../network/network.ts'

export interface SurveyOptions {
  aws: AwsContext
  reporter: Reporter
  /** Throws if this is not the expected account. */
  check?: (identity: Identity) => void
  subnets?: string[]
  ami?: string
  workerAmi?: string
  /** In order of preference; the next is used where the first has no capacity. */
  nodeTypes: string[]
  workerTypes: string[]
}

/** What exists in the account and what the region offers. */
export interface Survey {
  identity: Identity
  network: Network
  nodeTypes: TypeFacts[]
  workerTypes: TypeFacts[]
  /** Of nodes, and of workers. */
  images: Images
  workerImages: Images
}

export async function surveyAccount(options: SurveyOptions): Promise<Survey> {
  const { aws, reporter, subnets, ami, workerAmi = ami } = options
  const identity = await reporter.step('credentials and account', async (note) => {
    const found = await whoAmI(aws)
    note(`${found.arn}, account ${found.account}, ${found.region}`)
    options.check?.(found)
    return found
  })
  const network = await reporter.step('network', async (note) => {
    const found = await findNetwork(aws, subnets ? { subnets } : {})
    note(`${found.vpc}, ${found.subnets.map(({ zone }) => zone).join(', ')}`)
    return found
  })
  return await reporter.step('image', async (note) => {
    const names = [...new Set([...options.nodeTypes, ...options.workerTypes])]
    const facts = await describeTypes(aws, names)
    const zones = network.subnets.map(({ zone }) => zone)
    const flags = { node: '--ami', worker: options.workerAmi ? '--worker-ami' : '--ami' }
    const find = async (id: string | undefined, flag: string) =>
      id === undefined ? undefined : await findImage(aws, id, flag)
    const node = await find(ami, flags.node)
    const worker = workerAmi === ami ? node : await find(workerAmi, flags.worker)
    const named = { node, worker }
    const usable = (kind: keyof typeof named, types: string[]) => {
      const near = pick(types, facts, zones)
      return named[kind] ? typesFor(named[kind], near, flags[kind]) : near
    }
    const nodeTypes = usable('node', options.nodeTypes)
    const workerTypes = usable('worker', options.workerTypes)
    const types = [...(named.node ? [] : nodeTypes), ...(named.worker ? [] : workerTypes)]
    const newest = types.length > 0 ? await findImages(aws, { types }) : {}
    const imagesOf = (kind: keyof typeof named): Images =>
      named[kind] ? { [named[kind].architecture]: named[kind] } : newest
    const images = imagesOf('node')
    const workerImages = imagesOf('worker')
    const shown = [...Object.values(images), ...Object.values(workerImages)].map(
      ({ id, name }) => `${id} (${name})`,
    )
    note([...new Set(shown)].join(', '))
    return { identity, network, nodeTypes, workerTypes, images, workerImages }
  })
}

/** Types the region offers, preferring our zones. Throws if there are none. */
function pick(wanted: string[], facts: TypeFacts[], zones: string[]): TypeFacts[] {
  const found = wanted.flatMap((name) => facts.filter(({ type }) => type === name))
  const near = found.filter((type) => type.zones.some((zone) => zones.includes(zone)))
  if (near.length > 0) return near
  throw notHere(wanted, zones)
}

function notHere(types: string[], zones: string[]): TmError {
  const message = `No zone with a usable subnet (${zones.join(', ')}) has ${types.join(' or ')}`
  return new TmError('invalid', message, {
    suggestions: [
      'Name other types: --instance-type, --worker-type',
      'Or a subnet elsewhere: --subnet',
    ],
  })
}
