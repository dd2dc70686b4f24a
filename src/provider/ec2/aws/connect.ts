/** Connects to AWS in one region: the clients of its services, and what all their calls share. */

import { EC2Client } from '@aws-sdk/client-ec2'
import { IAMClient } from '@aws-sdk/client-iam'
import { STSClient } from '@aws-sdk/client-sts'
import { TmError } from '../../../core/errors.ts'
import { suggest } from '../../../core/suggestions.ts'
import { currentProxies } from '../../../runtime/proxy.ts'
import { within } from '../../../runtime/within.ts'
import { type AwsContext, createContext } from './context.ts'
import { type Credentials, findCredentials } from './credentials.ts'
import { translate } from './error-table.ts'
import { AwsTmError } from './failure.ts'
import { type RetryContext, systemRetry } from './retry-context.ts'

export interface AwsOptions {
  /** `--region`, AWS_REGION or AWS_DEFAULT_REGION; the region of the profile, if undefined. */
  region?: string | undefined
  /** `--profile`; AWS_PROFILE or the default profile, if undefined. */
  profile?: string | undefined
  signal?: AbortSignal | undefined
  /** For tests: the URL of a stand-in for AWS. */
  endpoint?: string
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  retry?: RetryContext
  /** How long AWS may be silent; 20 s if undefined. */
  silenceMs?: number
}

/** `connectAws`, or what connects to a stand-in in tests. */
export type Connect = (
  options: Pick<AwsOptions, 'region' | 'profile' | 'signal'>,
) => Promise<AwsContext>

export async function connectAws(options: AwsOptions = {}): Promise<AwsContext> {
  const { region: wanted, profile, endpoint, signal, retry = systemRetry } = options
  if (wanted !== undefined) checkRegionName(wanted)
  const common = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(wanted === undefined ? {} : { region: wanted }),
    ...(profile === undefined ? {} : { profile }),
    maxAttempts: 1,
    customUserAgent: 'tm',
    requestHandler: requestHandler(options.silenceMs),
  }
  const found = findCredentials(common)
  // One source for all clients: a program that hands out credentials runs once.
  const credentials = options.credentials ?? found.provider
  const config = { ...common, credentials }
  const ec2 = new EC2Client(config)
  const given = options.credentials !== undefined
  const region = await regionOf(ec2, async () => given || areThere(found, signal))
  const clients = { ec2, iam: new IAMClient(config), sts: new STSClient(config) }
  return createContext(clients, region, signal ? { ...retry, signal } : retry)
}

/**
 * Through the proxy of the environment. The limits are for silence, not for a whole call, which has a
 * deadline of its own. Without `throwOnRequestTimeout` the SDK only warns.
 */
export function requestHandler(silenceMs = 20_000) {
  const agent = { proxyEnv: currentProxies() }
  return {
    connectionTimeout: 5000,
    requestTimeout: silenceMs,
    socketTimeout: silenceMs,
    throwOnRequestTimeout: true,
    httpAgent: agent,
    httpsAgent: agent,
  }
}

/** Closes the connections that are kept open. */
export function disconnectAws({ clients }: AwsContext): void {
  for (const client of Object.values(clients)) client.destroy()
}

async function regionOf(ec2: EC2Client, hasCredentials: () => Promise<boolean>): Promise<string> {
  try {
    const region = await ec2.config.region()
    checkRegionName(region)
    return region
  } catch (error) {
    if (error instanceof TmError) throw error
    // The second pattern: AWS_REGION is set but empty.
    if (!/region is missing|region=""/i.test(String(error))) {
      throw translate(error, { doing: 'reading the AWS configuration' })
    }
    throw (await hasCredentials()) ? noRegion(error) : notSetUp(error)
  }
}

/** A program that takes its time is a source of credentials, too. */
async function areThere(found: Credentials, signal: AbortSignal | undefined): Promise<boolean> {
  const limit = { ms: 10_000, signal, late: () => new Error('late') }
  try {
    return await within(limit, () => found.areConfigured())
  } catch {
    signal?.throwIfAborted()
    return true
  }
}

class NotSetUpError extends TmError {}

const nameRegion = [
  suggest`Name one: ${{ run: null, flags: { region: 'us-east-1' } }}`,
  'Or set a default: aws configure set region us-east-1',
]

function noRegion(cause: unknown): TmError {
  return new TmError('invalid', 'No AWS region configured', { cause, suggestions: nameRegion })
}

function notSetUp(cause: unknown): TmError {
  const message = 'AWS is not set up on this machine: no region and no credentials are configured'
  return new NotSetUpError('invalid', message, {
    cause,
    suggestions: ['Set it up: aws configure (or aws configure sso)', ...nameRegion],
  })
}

/** `us-east-1`, `us-gov-west-1`, `us-iso-east-1`; people also type a zone or the name of a place. */
function checkRegionName(region: string): void {
  if (/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region)) return
  const zone = /^([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})[a-z]$/.exec(region)
  throw new TmError('invalid', `"${region}" is not an AWS region`, {
    suggestions: [
      zone
        ? `That is a zone; use its region: --region ${zone[1]}`
        : 'For example: --region us-east-1',
    ],
  })
}

/**
 * Whether nothing of AWS is set up on this machine: no region, and neither good nor bad credentials. The
 * only case in which a command that can do without AWS may do without it: all other errors mean that
 * nobody could look.
 */
export function isNotSetUp(error: unknown): boolean {
  return error instanceof NotSetUpError
}

/** Whether somebody calls who may not have AWS at all: no credentials, with or without a region. */
export function hasNoAccount(error: unknown): error is TmError {
  if (error instanceof NotSetUpError) return true
  return error instanceof AwsTmError && error.row.kind === 'no-credentials'
}
