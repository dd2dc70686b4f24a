// Who asks, and which service: checks the signature and says no in that service's own words.

import { type ServiceName, versions } from './answer.ts'
import { AwsError } from './errors.ts'
import type { Principal } from './keys.ts'
import { type Refusal, type SignedRequest, verify } from './sigv4.ts'
import type { World } from './state.ts'

export function serviceOf(version: string): ServiceName | undefined {
  const names = ['ec2', 'iam', 'sts'] as const
  return names.find((name) => versions[name] === version)
}

export function authenticate(
  world: World,
  service: ServiceName,
  request: SignedRequest,
): { who: Principal; region: string } {
  const verdict = verify(request, (id) => world.keys.get(id), world.options.wall())
  if ('why' in verdict) throw refusal(service, verdict)
  const { key, scope } = verdict
  // IAM is one global service, signed for us-east-1; the others are signed for their region.
  const region = service === 'iam' ? 'us-east-1' : world.options.region
  if (scope.service !== service || scope.region !== region) {
    const wanted = `${region}/${service}`
    const text = `Credential should be scoped to ${wanted}, not ${scope.region}/${scope.service}.`
    throw wrongSignature(service, text)
  }
  const who = key.principal()
  if (!who) throw refusal(service, { why: 'unknown-key' })
  return { who, region }
}

/** EC2 answers AuthFailure to a key or a signature it can't validate, and RequestExpired to an old
 *  one; IAM and STS have the names of "Common Errors". */
function refusal(service: ServiceName, refused: Refusal): AwsError {
  switch (refused.why) {
    case 'missing':
      return new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token')
    case 'incomplete':
      return new AwsError('IncompleteSignature', refused.message)
    case 'unknown-key':
      if (service === 'ec2') return ec2Failure()
      return new AwsError(
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
      )
    case 'wrong-signature':
      return wrongSignature(
        service,
        'The request signature we calculated does not match the signature you provided. Check ' +
          'your AWS Secret Access Key and signing method. Consult the service documentation for ' +
          'details.',
      )
    case 'out-of-time':
      if (service === 'ec2') return new AwsError('RequestExpired', 'Request has expired.')
      return new AwsError('SignatureDoesNotMatch', `Signature expired: ${refused.signedAt}`)
    case 'token-expired':
      if (service === 'ec2') return new AwsError('RequestExpired', 'Request has expired.')
      return new AwsError('ExpiredToken', 'The security token included in the request is expired')
  }
}

function wrongSignature(service: ServiceName, text: string): AwsError {
  return service === 'ec2' ? ec2Failure() : new AwsError('SignatureDoesNotMatch', text)
}

function ec2Failure(): AwsError {
  return new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials')
}
