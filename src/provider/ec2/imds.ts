/**
 * The instance metadata service, version 2 (EC2 User Guide, Use the Instance Metadata Service): who
 * this instance is, the credentials of its role, and whether it is about to be taken away.
 */
import type { Credentials } from './proof/request.ts'

const base = 'http://169.254.169.254/latest'

/** Undefined where there is nothing, as for the role of an instance that has none. */
export async function readMetadata(path: string): Promise<string | undefined> {
  const token = await ask('/api/token', {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
  })
  if (token === undefined) throw new Error('the metadata service gives no token')
  return await ask(`/meta-data/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } })
}

async function ask(path: string, init: RequestInit): Promise<string | undefined> {
  const answer = await fetch(base + path, { ...init, signal: AbortSignal.timeout(5000) })
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`the metadata service answers ${answer.status} to ${path}`)
  return await answer.text()
}

export async function roleCredentials(): Promise<Credentials> {
  const folder = 'iam/security-credentials/'
  const role = (await readMetadata(folder))?.trim()
  const text = role && (await readMetadata(folder + role))
  if (!text) throw new Error('this instance has no role (yet)')
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(text) as Record<string, string>
  if (!AccessKeyId || !SecretAccessKey) throw new Error('the role of this instance has no keys yet')
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token }
}

/** What AWS is about to do with a spot instance, two minutes before it does, at best. */
export async function spotNotice(): Promise<string | undefined> {
  return await readMetadata('spot/instance-action')
}
