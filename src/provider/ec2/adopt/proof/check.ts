/**
 * Verifies a proof by asking AWS whose it is. The request is rebuilt here: host, path, body and binding
 * are ours; only the signature, its date and the session token come from the prover.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { TmError } from '../../../../core/errors.ts'
import { requestHandler } from '../../aws/connect.ts'
import type { AwsContext } from '../../aws/context.ts'
import { bindingHeader } from './binding.ts'
import { body, contentType, type Proof, stsHost } from './request.ts'

export interface Prover {
  account: string
  arn: string
}

/** Throws `forbidden` if AWS does not accept it for this binding. */
export async function checkProof(
  aws: AwsContext,
  { proof, binding }: { proof: Proof; binding: string },
): Promise<Prover> {
  if (!isWellFormed(proof, aws.region)) throw refused('it is not signed as it has to be')
  const client = clientThatSends(aws, proof, binding)
  try {
    const { output, code } = await aws.attempt(new GetCallerIdentityCommand({}), {
      client,
      doing: 'checking a proof of identity',
      deadlineMs: 30_000,
      answers: refusals,
    })
    if (!output) throw refused(`AWS says ${code}`)
    return { account: output.Account ?? '', arn: output.Arn ?? '' }
  } finally {
    client.destroy()
  }
}

const refusals = [
  'SignatureDoesNotMatch',
  'InvalidClientTokenId',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'AccessDenied',
  'RequestExpired',
]

/** Matches the whole header: a binding that is not among the signed headers proves nothing. */
function isWellFormed(proof: Proof, region: string): boolean {
  const { authorization, 'x-amz-date': date, 'x-amz-security-token': token = '' } = proof
  if (![authorization, date, token].every((text) => typeof text === 'string')) return false
  const whole = new RegExp(
    `^AWS4-HMAC-SHA256 Credential=[A-Z0-9]+/\\d{8}/${region}/sts/aws4_request, ?` +
      'SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$',
  )
  const signed = whole.exec(authorization)?.[1]?.split(';') ?? []
  return [bindingHeader, 'host'].every((name) => signed.includes(name)) && isDate.test(date)
}

const isDate = /^\d{8}T\d{6}Z$/

/** A client whose signer puts the prover's signature on the request. */
function clientThatSends({ region, clients: { sts } }: AwsContext, proof: Proof, binding: string) {
  const { authorization, 'x-amz-date': date, 'x-amz-security-token': token } = proof
  return new STSClient({
    region,
    ...(sts.config.endpoint ? { endpoint: sts.config.endpoint } : {}),
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nobody' },
    maxAttempts: 1,
    requestHandler: requestHandler(10_000),
    signer: {
      sign: async (request: { headers: Record<string, string>; body?: unknown }) => ({
        ...request,
        body,
        headers: {
          host: stsHost(region),
          'content-type': contentType,
          'content-length': String(body.length),
          'x-amz-date': date,
          ...(token ? { 'x-amz-security-token': token } : {}),
          [bindingHeader]: binding,
          authorization,
        },
      }),
    } as never,
  })
}

function refused(why: string): TmError {
  return new TmError('forbidden', `This proof of identity is not accepted: ${why}`, {
    suggestions: ['The clock of the prover may be wrong by more than 5 minutes.'],
  })
}
