/**
 * The one table of AWS errors: what to do (retry, try elsewhere, stop), and how to say it with the
 * way out. Codes: EC2 API Reference, Error codes; IAM API Reference, Common Errors. The first row
 * that fits counts, so the order matters: a lack of capacity comes with HTTP 500.
 */
import { again, inRegion, quotes, says } from './error-words.ts'
import type { Row } from './failure.ts'
import { describeQuota } from './quotas.ts'
import { refusals } from './refusals.ts'

export const errorTable: Row[] = [
  ...refusals,
  {
    kind: 'quota',
    verdict: 'stop',
    codes:
      /^(VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|SpotInstanceCountLimit)/,
    explain: ({ code, message }, context) => {
      const quota = describeQuota({ ...context, message, spot: context.spot || /spot/i.test(code) })
      return { cause: quota.cause, next: [...quota.next, again(context)] }
    },
  },
  {
    kind: 'throttled',
    verdict: 'retry',
    codes:
      /^(RequestLimitExceeded|Throttl|RequestThrottled|TooManyRequests|EC2Throttled|SlowDown|PriorRequestNotComplete|BandwidthLimitExceeded)/,
    firstDelay: 1000,
    explain: says('AWS asks to go slower, and still does', 'Wait a minute'),
  },
  {
    kind: 'quota',
    verdict: 'stop',
    codes: /LimitExceeded$/,
    explain: quotes('See the quotas: https://console.aws.amazon.com/servicequotas'),
  },
  {
    kind: 'choice',
    verdict: 'stop',
    message: /architecture/i,
    codes: /^(InvalidParameter|Unsupported)/,
    explain: quotes('Take an image and a type of one architecture: --ami, --instance-type'),
  },
  {
    kind: 'capacity',
    verdict: 'elsewhere',
    codes:
      /^(Insufficient\w*Capacity|InsufficientFreeAddressesInSubnet|Unsupported|SpotMaxPriceTooLow|UnfulfillableCapacity)/,
    explain: quotes('Try another type or place: --instance-type, --worker-type, --region'),
  },
  {
    kind: 'token',
    verdict: 'elsewhere',
    codes: /^Idempotent(ParameterMismatch|InstanceTerminated)$/,
    explain: quotes(),
  },
  {
    kind: 'not-yet',
    verdict: 'retry',
    codes: /^InvalidParameterValue/,
    // Some ten seconds after it was made (terraform-provider-aws retries on the same two texts).
    message: /Invalid IAM Instance Profile|has no associated IAM Roles/i,
    firstDelay: 1000,
    explain: quotes('IAM is slow today: wait a minute'),
  },
  {
    kind: 'choice',
    verdict: 'stop',
    code: 'invalid',
    codes: /^(InvalidInstanceType|InvalidParameterValue|InvalidAMIID|InvalidSubnetID|InvalidVpcID)/,
    when: ({ code, message }) =>
      !code.startsWith('InvalidParameterValue') || /instance ?type/i.test(message),
    explain: ({ code, message }, context) => ({
      cause: `${message.replace(/\.\s*$/, '')} (${code})`,
      next: [`Images, types and subnets belong to one region${inRegion(context)}`, again(context)],
    }),
  },
  {
    kind: 'choice',
    verdict: 'stop',
    codes: /^(VPCIdNotSpecified|DefaultVpcDoesNotExist|MissingInput)/,
    explain: says(
      'there is no default VPC',
      'Make one: aws ec2 create-default-vpc',
      'Or name a subnet with a route to the internet: --subnet subnet-…',
    ),
  },
  {
    kind: 'in-use',
    verdict: 'retry',
    codes: /^(DependencyViolation|DeleteConflict|InvalidGroup\.InUse)/,
    firstDelay: 1000,
    explain: quotes('Something else uses it: see who, take it off, then tm down'),
  },
  {
    kind: 'not-yet',
    verdict: 'retry',
    // Asked right after it was made (EC2 API Reference, Eventual consistency).
    codes:
      /^(Invalid(Group|GroupId|SecurityGroupID|InstanceID|NetworkInterfaceID)\.NotFound|NoSuchEntity|EntityTemporarilyUnmodifiable|ConcurrentModification|IncorrectInstanceState|IncorrectState|InvalidState)$/,
    explain: quotes('Wait a minute'),
  },
  {
    kind: 'unreachable',
    verdict: 'stop',
    code: 'unreachable',
    codes: /^ENOTFOUND$/,
    explain: (_, context) => ({
      cause: `AWS can't be found${inRegion(context)}: no network, or no such region`,
      next: ['Check the network and --region', again(context)],
    }),
  },
  {
    kind: 'unreachable',
    verdict: 'retry',
    code: 'unreachable',
    codes:
      /^(TimeoutError|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/,
    explain: quotes('Check the network'),
  },
  {
    kind: 'server',
    verdict: 'retry',
    codes:
      /^(InternalError|InternalFailure|ServiceUnavailable|Unavailable|ServiceFailure|ServerInternal|RequestTimeout)$/,
    explain: quotes('See how AWS is: https://health.aws.amazon.com/health/status'),
  },
  {
    kind: 'server',
    verdict: 'retry',
    when: ({ status = 0 }) => status >= 500,
    explain: quotes('See how AWS is: https://health.aws.amazon.com/health/status'),
  },
  { kind: 'unknown', verdict: 'stop', explain: quotes() },
]
