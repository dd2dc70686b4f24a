/**
 * The instance metadata service, version 2 (EC2 User Guide, Use the Instance Metadata Service): facts
 * about this instance, the credentials of its role, and the interruption notice of spot.
 */

const base = 'http://169.254.169.254/latest'

/** Undefined if the path does not exist, such as the role of an instance without one. */
export async function readMetadata(path: string): Promise<string | undefined> {
  const token = await ask('/api/token', {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
  })
  if (token === undefined) throw new Error('the metadata service returned no token')
  return await ask(`/meta-data/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } })
}

async function ask(path: string, init: RequestInit): Promise<string | undefined> {
  const answer = await fetch(base + path, { ...init, signal: AbortSignal.timeout(5000) })
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`the metadata service answered ${answer.status} to ${path}`)
  return await answer.text()
}

export async function roleCredentials(): Promise<{
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | undefined
}> {
  const folder = 'iam/security-credentials/'
  const role = (await readMetadata(folder))?.trim()
  const text = role && (await readMetadata(folder + role))
  if (!text) throw new Error('this instance has no role (yet)')
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(text) as Record<string, string>
  if (!AccessKeyId || !SecretAccessKey) throw new Error('the role of this instance has no keys yet')
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token }
}

/** Says what AWS is about to do with this spot instance, at best two minutes ahead. */
export async function spotNotice(): Promise<string | undefined> {
  return await readMetadata('spot/instance-action')
}
