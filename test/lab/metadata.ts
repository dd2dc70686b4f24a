/** What the metadata service knows of an instance, by path. */
import type { InstanceCredentials } from '../aws/keys.ts'
import type { Snapshot } from '../aws/snapshot.ts'
import type { Standin } from '../aws/standin.ts'

export type { Snapshot }

/** Undefined is 404. */
export function metadata(standin: Standin) {
  const issued = new Map<string, InstanceCredentials & { since: Date }>()

  /** The same ones for an hour, as long as their role is there. */
  function credentials(id: string) {
    const fresh = standin.credentialsFor(id)
    const known = issued.get(id)
    if (!fresh) return undefined
    if (known?.roleName === fresh.roleName && Date.now() - known.since.getTime() < 3_600_000) {
      return known
    }
    const made = { ...fresh, since: new Date() }
    issued.set(id, made)
    return made
  }

  const leaves: Record<string, (instance: Snapshot) => string | undefined> = {
    'ami-id': ({ imageId }) => imageId,
    'instance-id': ({ id }) => id,
    'instance-type': ({ type }) => type,
    'instance-life-cycle': ({ spot }) => (spot ? 'spot' : 'on-demand'),
    'local-ipv4': ({ privateIp }) => privateIp,
    'public-ipv4': ({ publicIp }) => publicIp,
    'placement/region': () => standin.region,
    'placement/availability-zone': ({ zone }) => zone,
    'services/domain': () => 'amazonaws.com',
    'spot/instance-action': ({ spotNotice: time }) =>
      time && JSON.stringify({ action: 'terminate', time }),
    'spot/termination-time': ({ spotNotice }) => spotNotice,
    'iam/info': ({ id, profile }) =>
      profile &&
      credentials(id) &&
      JSON.stringify({ Code: 'Success', InstanceProfileArn: profile.arn }),
    'iam/security-credentials/': ({ id }) => credentials(id)?.roleName,
  }

  return (instance: Snapshot, path: string): string | Buffer | undefined => {
    if (path === 'user-data') {
      // As it was sent, gzipped or not: only cloud-init unpacks it.
      return instance.userData === undefined ? undefined : Buffer.from(instance.userData, 'base64')
    }
    if (path === 'dynamic/instance-identity/document') return identity(standin, instance)
    if (!path.startsWith('meta-data/')) return undefined
    const name = path.slice('meta-data/'.length)
    if (name === '') {
      const there = Object.keys(leaves).filter((leaf) => leaves[leaf]?.(instance) !== undefined)
      return [...new Set(there.map((leaf) => leaf.replace(/\/.*/, '/')))].join('\n')
    }
    const [, role] = /^iam\/security-credentials\/(.+)$/.exec(name) ?? []
    if (role === undefined) {
      const known = name === 'iam/security-credentials' ? `${name}/` : name
      return Object.hasOwn(leaves, known) ? leaves[known]?.(instance) : undefined
    }
    const given = credentials(instance.id)
    return given?.roleName === role ? asJson(given) : undefined
  }
}

function asJson(given: InstanceCredentials & { since: Date }): string {
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: given.since,
    Type: 'AWS-HMAC',
    AccessKeyId: given.accessKeyId,
    SecretAccessKey: given.secretAccessKey,
    Token: given.sessionToken,
    Expiration: given.expiration,
  })
}

function identity({ account, region }: Standin, instance: Snapshot): string {
  return JSON.stringify({
    accountId: account,
    architecture: instance.architecture,
    availabilityZone: instance.zone,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.type,
    pendingTime: instance.launchTime,
    privateIp: instance.privateIp,
    region,
    version: '2017-09-30',
  })
}
