/**
 * The table of AWS errors: whether to retry, to try elsewhere or to stop, and what to tell the user.
 * Codes: EC2 API Reference, Error codes; IAM API Reference, Common Errors. The first row that matches
 * wins, so the order matters: a lack of capacity comes with HTTP 500.
 */
import { TmError } from '../../../core/errors.ts'
import { credentialRows, whoAmI } from './credential-errors.ts'
import {
  AwsTmError,
  denialAdvice,
  describeDenial,
  type ErrorContext,
  type Failure,
  type Row,
  readFailure,
} from './failure.ts'
import { quotaAdvice, quotaCause } from './quotas.ts'

/** The first row that matches; the last row matches everything. */
export function classify(error: unknown): { row: Row; failure: Failure } {
  const failure = readFailure(error)
  const row = errorTable.find(
    ({ codes, message, when }) =>
      (codes === undefined || codes.test(failure.code)) &&
      (message === undefined || message.test(failure.message)) &&
      (when === undefined || when(failure)),
  )
  return { row: row as Row, failure }
}

/** Turns an error of the SDK into a TmError. */
export function translate(error: unknown, context: ErrorContext): TmError {
  if (error instanceof TmError) return error
  const { row, failure } = classify(error)
  return new AwsTmError(row, failure, context)
}

function inRegion({ region }: ErrorContext): string {
  return region ? ` in ${region}` : ''
}

const errorTable: Row[] = [
  ...credentialRows,
  {
    kind: 'account',
    verdict: 'stop',
    codes: /^AuthFailure\.ServiceLinkedRoleCreationNotPermitted/,
    cause: 'spot instances need a service-linked role, which this account does not have yet',
    next: [
      'Create it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com',
      'Or run without --spot',
    ],
  },
  {
    kind: 'credentials',
    verdict: 'stop',
    codes:
      /^(AuthFailure|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|IncompleteSignature|InvalidAccessKeyId|MissingAuthenticationToken|RequestExpired)$/,
    cause: (_, context) => `AWS does not accept the credentials${inRegion(context)}`,
    next: [whoAmI, 'A region that is not enabled for the account gives the same error'],
  },
  {
    kind: 'denied',
    verdict: 'stop',
    codes: /^(UnauthorizedOperation|AccessDenied|NotAuthorized)/,
    cause: ({ message }) => describeDenial(message),
    next: ({ message }) => [...denialAdvice(message), whoAmI],
  },
  {
    kind: 'account',
    verdict: 'stop',
    codes: /^(OptInRequired|PendingVerification|Blocked|SubscriptionRequired)/,
    next: ['Check the account: https://console.aws.amazon.com/billing'],
  },
  {
    kind: 'quota',
    verdict: 'stop',
    codes:
      /^(VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|SpotInstanceCountLimit)/,
    cause: quotaCause,
    next: quotaAdvice,
  },
  {
    kind: 'throttled',
    verdict: 'retry',
    codes:
      /^(RequestLimitExceeded|Throttl|RequestThrottled|TooManyRequests|EC2Throttled|SlowDown|PriorRequestNotComplete|BandwidthLimitExceeded)/,
    firstDelayMs: 1000,
    cause: 'AWS throttles the calls, even after retries',
    next: ['Wait a minute'],
  },
  {
    kind: 'quota',
    verdict: 'stop',
    codes: /LimitExceeded$/,
    next: ['See the quotas: https://console.aws.amazon.com/servicequotas'],
  },
  {
    kind: 'choice',
    verdict: 'stop',
    message: /architecture/i,
    codes: /^(InvalidParameter|Unsupported)/,
    next: ['Use an image and a type of the same architecture: --ami, --instance-type'],
  },
  {
    kind: 'capacity',
    verdict: 'elsewhere',
    codes:
      /^(Insufficient\w*Capacity|InsufficientFreeAddressesInSubnet|Unsupported|SpotMaxPriceTooLow|UnfulfillableCapacity)/,
    next: ['Try another type or region: --instance-type, --worker-type, --region'],
  },
  {
    kind: 'token',
    verdict: 'elsewhere',
    codes: /^Idempotent(ParameterMismatch|InstanceTerminated)$/,
  },
  {
    kind: 'not-yet',
    verdict: 'retry',
    codes: /^InvalidParameterValue/,
    // For about ten seconds after creation (terraform-provider-aws retries on the same two texts).
    message: /Invalid IAM Instance Profile|has no associated IAM Roles/i,
    firstDelayMs: 1000,
    next: ['IAM is slow to propagate: wait a minute'],
  },
  {
    kind: 'choice',
    verdict: 'stop',
    code: 'invalid',
    codes: /^(InvalidInstanceType|InvalidParameterValue|InvalidAMIID|InvalidSubnetID|InvalidVpcID)/,
    when: ({ code, message }) =>
      !code.startsWith('InvalidParameterValue') || /instance ?type/i.test(message),
    next: (_, { region = 'this region' }) => [
      `Use what exists in ${region}: images, types and subnets differ by region`,
    ],
  },
  {
    kind: 'choice',
    verdict: 'stop',
    codes: /^(VPCIdNotSpecified|DefaultVpcDoesNotExist|MissingInput)/,
    cause: 'there is no default VPC',
    next: [
      'Create one: aws ec2 create-default-vpc',
      'Or name a subnet with a route to the internet: --subnet subnet-…',
    ],
  },
  {
    kind: 'in-use',
    verdict: 'retry',
    codes: /^(DependencyViolation|DeleteConflict|InvalidGroup\.InUse)/,
    firstDelayMs: 1000,
    next: ['Find out what else uses it, and remove that'],
  },
  {
    kind: 'not-yet',
    verdict: 'retry',
    // Right after creation (EC2 API Reference, Eventual consistency).
    codes:
      /^(Invalid(Group|GroupId|SecurityGroupID|InstanceID|NetworkInterfaceID)\.NotFound|NoSuchEntity|EntityTemporarilyUnmodifiable|ConcurrentModification|IncorrectInstanceState|IncorrectState|InvalidState)$/,
    next: ['Wait a minute'],
  },
  {
    kind: 'unreachable',
    verdict: 'stop',
    code: 'unreachable',
    codes: /^ENOTFOUND$/,
    cause: (_, context) =>
      `AWS can't be reached${inRegion(context)}: no network, or no such region`,
    next: ['Check the network and --region'],
  },
  {
    kind: 'unreachable',
    verdict: 'stop',
    code: 'unreachable',
    codes: /^ERR_PROXY_TUNNEL$/,
    // Such as 403 and 407: the proxy does not want to.
    message: /\b4\d\d\b/,
    next: ['Check HTTPS_PROXY; NO_PROXY names what is reached without the proxy'],
  },
  {
    kind: 'unreachable',
    verdict: 'retry',
    code: 'unreachable',
    codes: /^(TimeoutError|ETIMEDOUT)$/,
    cause: (_, context) => `AWS does not answer${inRegion(context)}`,
    next: ['Check the network, and HTTPS_PROXY if there is a proxy'],
  },
  {
    kind: 'unreachable',
    verdict: 'retry',
    code: 'unreachable',
    codes: /^(ECONNRESET|ECONNREFUSED|EPIPE|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_PROXY_TUNNEL)$/,
    next: ['Check the network, and HTTPS_PROXY if there is a proxy'],
  },
  {
    kind: 'server',
    verdict: 'retry',
    codes:
      /^(InternalError|InternalFailure|ServiceUnavailable|Unavailable|ServiceFailure|ServerInternal|RequestTimeout)$/,
    next: ['Check the state of AWS: https://health.aws.amazon.com/health/status'],
  },
  {
    kind: 'server',
    verdict: 'retry',
    when: ({ status = 0 }) => status >= 500,
    next: ['Check the state of AWS: https://health.aws.amazon.com/health/status'],
  },
  { kind: 'unknown', verdict: 'stop' },
]
