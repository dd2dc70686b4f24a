/**
 * The clients of EC2, IAM and STS for one region, with the SDK's default credential chain (keys in
 * the environment, profiles, SSO, the role of an instance).
 */
import { EC2Client } from '@aws-sdk/client-ec2'
import { IAMClient } from '@aws-sdk/client-iam'
import { STSClient } from '@aws-sdk/client-sts'
import { TmError } from '../../core/errors.ts'
import { translate } from './errors.ts'

export interface Aws {
  region: string
  ec2: EC2Client
  /**
   * For RunInstances. A lack of capacity comes as HTTP 500, which the SDK would retry by itself and
   * burn the quota of about two calls a second; `retrying` knows better.
   */
  ec2Once: EC2Client
  /**
   * Once, too: the SDK takes IAM's LimitExceeded, which is about a quota, for throttling, and would
   * retry it for up to 50 s (measured) before we see it.
   */
  iam: IAMClient
  sts: STSClient
}

export interface AwsOptions {
  /** `--region`, AWS_REGION or AWS_DEFAULT_REGION; what the profile says, if undefined. */
  region?: string
  /** Another place than AWS, for tests. */
  endpoint?: string
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Tries of one call by the SDK. Its own default, 3, does not survive five throttled calls. */
  maxAttempts?: number
}

export async function connectAws(options: AwsOptions = {}): Promise<Aws> {
  if (options.region !== undefined) checkRegionName(options.region)
  const { maxAttempts = 8, ...place } = options
  const common = {
    ...place,
    maxAttempts,
    customUserAgent: 'tm',
    requestHandler: { connectionTimeout: 5000, requestTimeout: 60_000 },
  }
  const ec2 = new EC2Client(common)
  const region = await regionOf(ec2)
  return {
    region,
    ec2,
    ec2Once: new EC2Client({ ...common, maxAttempts: 1 }),
    iam: new IAMClient({ ...common, maxAttempts: 1 }),
    sts: new STSClient(common),
  }
}

/** Closes the connections that are kept open. */
export function disconnectAws({ ec2, ec2Once, iam, sts }: Aws): void {
  for (const client of [ec2, ec2Once, iam, sts]) client.destroy()
}

async function regionOf(ec2: EC2Client): Promise<string> {
  try {
    const region = await ec2.config.region()
    checkRegionName(region)
    return region
  } catch (error) {
    if (error instanceof TmError) throw error
    // The second is what the SDK makes of an AWS_REGION that is set and empty.
    if (/region is missing|region=""/i.test(String(error))) throw noRegion(error)
    throw translate(error, { doing: 'reading the AWS configuration' })
  }
}

/** A machine that is not set up for AWS: what only looks may do without. */
export class NoRegionError extends TmError {}

function noRegion(cause: unknown): TmError {
  return new NoRegionError('invalid', 'It is not said in which AWS region', {
    cause,
    suggestions: ['Say it: tm up --region us-east-1', 'Or once for all: aws configure set region'],
  })
}

/** `us-east-1`, `us-gov-west-1`, `us-iso-east-1`; people also write a zone or a place. */
function checkRegionName(region: string): void {
  if (/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region)) return
  const zone = /^([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})[a-z]$/.exec(region)
  throw new TmError('invalid', `"${region}" is not an AWS region`, {
    suggestions: [
      zone ? `That is a zone; its region: --region ${zone[1]}` : 'A region: --region us-east-1',
    ],
  })
}
