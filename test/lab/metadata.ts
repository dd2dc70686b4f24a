/** The metadata service of all instances: whose question it is, the address tells from which it comes. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Standin } from '../aws/standin.ts'
import { metadataAddress } from './network.ts'

export async function serveMetadata(standin: Standin): Promise<Server> {
  const tokens = new Set<string>()
  const server = createServer((request, response) => {
    const from = request.socket.remoteAddress?.replace(/^::ffff:/, '')
    const instance = standin
      .instances()
      .find(({ privateIp, state }) => privateIp === from && state === 'running')
    const answer = instance ? reply(standin, instance, request, tokens) : undefined
    send(response, answer)
  })
  await new Promise<void>((resolve) => server.listen(80, metadataAddress, resolve))
  return server
}

type Snapshot = ReturnType<Standin['instances']>[number]

/** Undefined is 404, a number a status without a text. */
function reply(
  standin: Standin,
  instance: Snapshot,
  request: IncomingMessage,
  tokens: Set<string>,
): string | number | undefined {
  const { method, url, headers } = request
  if (method === 'POST' && url === '/lab/shutdown') {
    standin.shutdown(instance.id)
    return 200
  }
  if (method === 'PUT' && url === '/latest/api/token') {
    if (!headers['x-aws-ec2-metadata-token-ttl-seconds']) return 400
    const token = randomBytes(16).toString('hex')
    tokens.add(`${instance.id} ${token}`)
    return token
  }
  // IMDSv2 is required: without a token of its own an instance learns nothing.
  if (!tokens.has(`${instance.id} ${headers['x-aws-ec2-metadata-token']}`)) return 401
  if (method !== 'GET' || !url?.startsWith('/latest/meta-data/')) return undefined
  return look(standin, instance, url.slice('/latest/meta-data/'.length))
}

function look(standin: Standin, instance: Snapshot, path: string): string | undefined {
  const role = () => standin.credentialsFor(instance.id)
  if (path === 'instance-id') return instance.id
  if (path === 'local-ipv4') return instance.privateIp
  if (path === 'public-ipv4') return instance.publicIp
  if (path === 'placement/region') return standin.region
  if (path === 'placement/availability-zone') return instance.zone
  if (path === 'spot/instance-action') {
    const time = instance.spotNotice
    return time ? JSON.stringify({ action: 'terminate', time }) : undefined
  }
  if (path === 'iam/security-credentials/' || path === 'iam/security-credentials') {
    return role()?.roleName
  }
  const given = role()
  if (given && path === `iam/security-credentials/${given.roleName}`) {
    return JSON.stringify({
      Code: 'Success',
      Type: 'AWS-HMAC',
      LastUpdated: new Date(),
      AccessKeyId: given.accessKeyId,
      SecretAccessKey: given.secretAccessKey,
      Token: given.sessionToken,
      Expiration: given.expiration,
    })
  }
  return undefined
}

function send(response: ServerResponse, answer: string | number | undefined): void {
  response.writeHead(typeof answer === 'number' ? answer : answer === undefined ? 404 : 200)
  response.end(typeof answer === 'string' ? answer : '')
}
