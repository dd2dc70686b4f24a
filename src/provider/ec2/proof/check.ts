/**
 * Checks a proof by asking AWS whose it is. The request is rebuilt here: host, path, body and
 * binding are ours, only the signature, its date and the session's token come from the prover.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { TmError } from '../../../core/errors.ts'
import type { Aws } from '../clients.ts'
import { codeOf, retrying } from '../errors.ts'
import type { Pace } from '../pace.ts'
import { bindingHeader } from './binding.ts'
import { body, contentType, type Proof, stsHost } from './request.ts'

export interface Prover {
  account: string
  arn: string
}

/** Throws `forbidden` when AWS does not accept it for this binding. */
export async function checkProof(
  aws: Pick<Aws, 'region' | 'sts'>,
  { proof, binding }: { proof: Proof; binding: string },
  pace: Pace,
): Promise<Prover> {
  if (!isWellFormed(proof, aws.region)) throw refused('it is not signed as it has to be')
  const sts = clientThatSends(aws, proof, binding)
  try {
    const answer = await retrying(() => sts.send(new GetCallerIdentityCommand({})), {
      pace,
      deadline: pace.now() + 30_000,
      context: { doing: 'checking a proof of identity', region: aws.region },
      answers: refusals,
    })
    return { account: answer.Account ?? '', arn: answer.Arn ?? '' }
  } catch (error) {
    if (refusals.includes(codeOf(error))) throw refused(`AWS says ${codeOf(error)}`)
    throw error
  } finally {
    sts.destroy()
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

/** The whole header, and nothing beside it: what is not among the signed headers proves nothing. */
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

/** A client whose signer puts the prover's signature under the request, in place of one of ours. */
function clientThatSends(
  { region, sts }: Pick<Aws, 'region' | 'sts'>,
  proof: Proof,
  binding: string,
) {
  const { authorization, 'x-amz-date': date, 'x-amz-security-token': token } = proof
  return new STSClient({
    region,
    ...(sts.config.endpoint ? { endpoint: sts.config.endpoint } : {}),
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nobody' },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5000, requestTimeout: 10_000 },
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
    suggestions: ['The clock of the one that proves itself may be wrong by more than 5 minutes.'],
  })
}
