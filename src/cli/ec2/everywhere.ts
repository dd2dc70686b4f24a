/** The clusters of one region or of several, as far as AWS can be asked. */
import { messageOf } from '../../core/errors.ts'
import { type Aws, connectAws, disconnectAws } from '../../provider/ec2/clients.ts'
import { whoAmI } from '../../provider/ec2/identity.ts'
import { type Pace, systemPace } from '../../provider/ec2/pace.ts'
import type { Listed } from '../listed.ts'
import { listClusters } from './list.ts'
import { isNotSetUp } from './not-set-up.ts'

export interface EverywhereOptions {
  /** Undefined: the one of the profile. */
  regions: (string | undefined)[]
  signal: AbortSignal
  connect?: (region: string | undefined) => Promise<Aws>
  pace?: Pace
}

export interface Everywhere {
  clusters: Listed[]
  /** The regions that answered. */
  asked: string[]
  /** Where AWS was not asked, or did not answer, and why. */
  notes: { text: string; failed: boolean }[]
}

export async function clustersIn(options: EverywhereOptions): Promise<Everywhere> {
  const found = await Promise.all(options.regions.map((region) => clustersOf(region, options)))
  const seen = new Map(
    found
      .flatMap(({ clusters }) => clusters)
      .map((one) => [`${one.region} ${one.cluster}`, one] as const),
  )
  const notes = found.flatMap(({ note }) => (note ? [note] : []))
  const asked = found.flatMap(({ asked }) => asked)
  return { clusters: [...seen.values()], asked, notes }
}

async function clustersOf(region: string | undefined, options: EverywhereOptions) {
  const { connect = (place) => connectAws({ region: place }) } = options
  const pace = { ...(options.pace ?? systemPace), signal: options.signal }
  let aws: Aws | undefined
  try {
    aws = await connect(region)
    // The clearest error comes first.
    await whoAmI(aws, pace)
    const clusters = await listClusters(aws, pace)
    const listed = clusters.map((one) => ({ ...one, provider: 'ec2' as const }))
    return { clusters: listed, asked: [aws.region] }
  } catch (error) {
    const where = aws?.region ?? region
    const text = `EC2${where ? ` in ${where}` : ''} is left out: ${messageOf(error)}`
    return { clusters: [], asked: [], note: { text, failed: !isNotSetUp(error) } }
  } finally {
    if (aws) disconnectAws(aws)
  }
}
