/** The one table of AWS errors: what each is taken for, and what the user is told. */
import { describe, expect, it } from 'vitest'
import { retrying } from '../../../src/provider/ec2/aws/call.ts'
import { classify, translate } from '../../../src/provider/ec2/aws/error-table.ts'

/** As the SDK throws it. */
function awsError(name: string, message = '', status = 400): Error {
  const error = new Error(message)
  return Object.assign(error, { name, $fault: 'client', $metadata: { httpStatusCode: status } })
}

const denied =
  'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ann is ' +
  'not authorized to perform: ec2:RunInstances on resource: ' +
  'arn:aws:ec2:us-east-1:123456789012:instance/* because no identity-based policy allows the ' +
  'ec2:RunInstances action. Encoded authorization failure message: gqXYZ-1_2'
const deniedByOrganization =
  'User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:CreateRole on ' +
  'resource: arn:aws:iam::123456789012:role/tm/tm-us-east-1-default with an explicit deny in a ' +
  'service control policy'
const vcpus =
  'You have requested more vCPU capacity than your current vCPU limit of 16 allows for the ' +
  'instance bucket that the specified instance type belongs to.'
const architecture =
  "The architecture 'arm64' of the specified instance type does not match the architecture " +
  "'x86_64' of the specified AMI."

const rows: [Error, string, string, RegExp][] = [
  [
    awsError('CredentialsProviderError', 'Could not load credentials from any providers'),
    'no-credentials',
    'stop',
    /no AWS credentials.*aws configure/,
  ],
  [
    awsError(
      'CredentialsProviderError',
      'The SSO session associated with this profile has expired',
    ),
    'credentials',
    'stop',
    /have expired.*aws sso login/,
  ],
  [awsError('TokenProviderError', 'Token is expired'), 'credentials', 'stop', /aws sso login/],
  [awsError('ExpiredToken', 'The security token included…'), 'credentials', 'stop', /have expired/],
  [awsError('ExpiredTokenException', 'x'), 'credentials', 'stop', /have expired/],
  [awsError('RequestExpired', 'Request has expired.'), 'credentials', 'stop', /clock/],
  [
    awsError('SignatureDoesNotMatch', 'Signature expired: 20250101T000000Z is now earlier'),
    'credentials',
    'stop',
    /clock/,
  ],
  [awsError('AuthFailure', 'AWS was not able', 401), 'credentials', 'stop', /does not accept/],
  [awsError('InvalidClientTokenId', '', 403), 'credentials', 'stop', /does not accept/],
  [
    awsError('AuthFailure.ServiceLinkedRoleCreationNotPermitted', '', 403),
    'account',
    'stop',
    /create-service-linked-role --aws-service-name spot.amazonaws.com/,
  ],
  [
    awsError('UnauthorizedOperation', denied, 403),
    'denied',
    'stop',
    /user\/ann may not ec2:RunInstances on arn:aws:ec2:us-east-1:123456789012:instance\/\*: no identity-based policy allows the ec2:RunInstances action/,
  ],
  [
    awsError('AccessDeniedException', deniedByOrganization, 403),
    'denied',
    'stop',
    /may not iam:CreateRole on arn:aws:iam::\d+:role\/tm\/tm-us-east-1-default: an explicit deny in a service control policy/,
  ],
  [awsError('AccessDenied', 'no', 403), 'denied', 'stop', /a permission is missing/],
  [awsError('OptInRequired', 'You are not subscribed', 401), 'account', 'stop', /not subscribed/],
  [
    awsError('VcpuLimitExceeded', vcpus),
    'quota',
    'stop',
    /"Running On-Demand Standard \(A, C, D, H, I, M, R, T, Z\) instances" \(L-1216C47A\) of 16 vCPUs.*--quota-code L-1216C47A .*--region eu-west-1/,
  ],
  [awsError('MaxSpotInstanceCountExceeded', 'Max spot'), 'quota', 'stop', /L-34B43A08/],
  [awsError('SecurityGroupLimitExceeded', 'Too many'), 'quota', 'stop', /Too many/],
  [awsError('LimitExceededException', 'RolesPerAccount: 1000'), 'quota', 'stop', /RolesPerAccount/],
  [awsError('RequestLimitExceeded', '', 503), 'throttled', 'retry', /throttles/],
  [awsError('Throttling', 'Rate exceeded'), 'throttled', 'retry', /throttles/],
  [awsError('InsufficientInstanceCapacity', 'none', 500), 'capacity', 'elsewhere', /none/],
  [awsError('InsufficientFreeAddressesInSubnet', 'full'), 'capacity', 'elsewhere', /full/],
  [
    awsError('Unsupported', 'not supported in your requested zone'),
    'capacity',
    'elsewhere',
    /zone/,
  ],
  [awsError('InvalidParameterValue', architecture), 'choice', 'stop', /--ami, --instance-type/],
  [awsError('Unsupported', architecture), 'choice', 'stop', /does not match the architecture/],
  [
    awsError(
      'InvalidParameterValue',
      'Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    ),
    'not-yet',
    'retry',
    /Invalid IAM Instance Profile/,
  ],
  [
    awsError('InvalidParameterValue', 'IAM Instance Profile "x" has no associated IAM Roles'),
    'not-yet',
    'retry',
    /has no associated/,
  ],
  [
    awsError('InvalidAMIID.NotFound', 'The image id [ami-1] does not exist'),
    'choice',
    'stop',
    /ami-1/,
  ],
  [awsError('InvalidInstanceType', 'no such type'), 'choice', 'stop', /exists in eu-west-1/],
  [awsError('VPCIdNotSpecified', ''), 'choice', 'stop', /create-default-vpc/],
  [awsError('IdempotentParameterMismatch', ''), 'token', 'elsewhere', /Idempotent/],
  [awsError('IdempotentInstanceTerminated', ''), 'token', 'elsewhere', /Idempotent/],
  [awsError('DependencyViolation', 'has a dependent object'), 'in-use', 'retry', /dependent/],
  [awsError('DeleteConflictException', 'must detach', 409), 'in-use', 'retry', /detach/],
  [awsError('InvalidInstanceID.NotFound', 'i-1'), 'not-yet', 'retry', /i-1/],
  [awsError('InvalidGroup.NotFound', 'sg-1'), 'not-yet', 'retry', /sg-1/],
  [awsError('NoSuchEntityException', 'role', 404), 'not-yet', 'retry', /role/],
  [awsError('InternalError', '', 500), 'server', 'retry', /health.aws/],
  [awsError('SomethingNew', '', 503), 'server', 'retry', /health.aws/],
  [awsError('SomethingNew', 'the text', 400), 'unknown', 'stop', /the text \(SomethingNew\)/],
  [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'unreachable', 'retry', /network/],
  [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'unreachable', 'retry', /network/],
  [Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'unreachable', 'stop', /no such region/],
]

describe('the table of AWS errors', () => {
  it.each(
    rows.map(
      ([error, ...rest]) => [error.name, error.message.slice(0, 40), error, ...rest] as const,
    ),
  )('takes %s (%s) for what it is', (_name, _text, error, kind, verdict, text) => {
    const { row } = classify(error)
    expect([row.kind, row.verdict]).toEqual([kind, verdict])
    const context = { doing: 'making a thing', region: 'eu-west-1' }
    const told = translate(error, context)
    expect(told.message).toMatch(/^Making a thing failed: /)
    const { message, suggestions = [] } = told.render({ command: 'allow-ip' })
    expect([message, ...suggestions].join(' ')).toMatch(text)
    expect(suggestions.at(-1)).toBe('Then: tm allow-ip')
    expect(told.cause).toBe(error)
    expect(JSON.stringify(told)).not.toContain('Encoded authorization')
  })

  it('names the quota of the family, and the one of spot', () => {
    const tell = (type: string, spot: boolean) =>
      translate(awsError('VcpuLimitExceeded', vcpus), { doing: 'x', type, spot }).message
    expect(tell('g5.xlarge', false)).toContain(
      '"Running On-Demand G and VT instances" (L-DB2E81BA)',
    )
    expect(tell('c7g.large', true)).toContain('Spot Instance Requests" (L-34B43A08)')
  })
})

describe('retrying', () => {
  function clock(random = 1) {
    const slept: number[] = []
    let now = 0
    return {
      slept,
      now: () => now,
      random: () => random,
      async sleep(ms: number) {
        slept.push(ms)
        now += ms
      },
    }
  }

  function failing(times: number, error: Error) {
    let calls = 0
    return async () => {
      calls += 1
      if (calls <= times) throw error
      return calls
    }
  }

  const context = { doing: 'making a thing' }

  it('waits twice as long each time, up to a limit', async () => {
    const time = clock()
    const call = failing(8, awsError('DependencyViolation'))
    expect(await retrying(call, { retry: time, deadlineMs: 1e6, context })).toEqual({ output: 9 })
    expect(time.slept).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000])
  })

  it('waits a random part of it, never less than half', async () => {
    const time = clock(0.2)
    await retrying(failing(3, awsError('InternalError')), { retry: time, deadlineMs: 1e6, context })
    expect(time.slept).toEqual([240, 480, 960])
  })

  it('gives up at the deadline, and says how long it has tried', async () => {
    const time = clock()
    const call = failing(99, awsError('RequestLimitExceeded', '', 503))
    const given = retrying(call, { retry: time, deadlineMs: 10_000, context })
    await expect(given).rejects.toThrow(/throttles.*\(4 tries in 7 s\)/)
    expect(time.now()).toBeLessThanOrEqual(10_000)
  })

  it.each([['UnauthorizedOperation'], ['InsufficientInstanceCapacity']])(
    'throws %s at once',
    async (name) => {
      const time = clock()
      const call = failing(1, awsError(name, '', 500))
      const given = retrying(call, { retry: time, deadlineMs: 1e6, context })
      await expect(given).rejects.toMatchObject({ name: 'TmError', failure: { code: name } })
      expect(time.slept).toEqual([])
    },
  )

  it('does not retry what is an answer', async () => {
    const time = clock()
    const absent = ['NoSuchEntity']
    const call = failing(1, awsError('NoSuchEntityException', '', 404))
    const given = retrying(call, { retry: time, deadlineMs: 1e6, context, answers: absent })
    expect(await given).toEqual({ code: 'NoSuchEntity' })
    expect(time.slept).toEqual([])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const time = { ...clock(), signal: stop.signal }
    const call = async () => {
      stop.abort()
      throw awsError('InternalError', '', 500)
    }
    const given = retrying(call, { retry: time, deadlineMs: 1e6, context })
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
  })
})
