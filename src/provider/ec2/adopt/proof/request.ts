/**
 * The one request of which a proof consists: `GetCallerIdentity`, which needs no permission and
 * tells who signed it (STS API Reference). The method of Vault's `auth/aws`, type iam.
 */
import { AwsV4Signer } from 'aws4fetch'
import { bindingHeader } from './binding.ts'

export const body = 'Action=GetCallerIdentity&Version=2011-06-15'
export const contentType = 'application/x-www-form-urlencoded; charset=utf-8'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/** The headers that only the prover can make. AWS rejects them 15 minutes after their date. */
export interface Proof {
  authorization: string
  'x-amz-date': string
  'x-amz-security-token'?: string | undefined
}

/** Always the region's own STS, which takes tokens of every kind of that region. */
export function stsHost(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

export async function signProof(
  credentials: Credentials,
  { region, binding, skewMs = 0 }: { region: string; binding: string; skewMs?: number },
): Promise<Proof> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const signer = new AwsV4Signer({
    method: 'POST',
    url: `https://${stsHost(region)}/`,
    service: 'sts',
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    headers: { 'content-type': contentType, [bindingHeader]: binding },
    body,
    datetime: datetimeOf(Date.now() + skewMs),
  })
  const { headers } = await signer.sign()
  return {
    authorization: headers.get('authorization') ?? '',
    'x-amz-date': headers.get('x-amz-date') ?? '',
    'x-amz-security-token': headers.get('x-amz-security-token') ?? undefined,
  }
}

/** `20261124T120000Z` */
function datetimeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
