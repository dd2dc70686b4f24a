/**
 * Asks AWS Service Quotas for one quota. It is one signed request: the SDK's client for it would be a
 * package more in every installation.
 */
import type { IncomingMessage } from 'node:http'
import { AwsV4Signer } from 'aws4fetch'
import { within } from '../../../runtime/within.ts'
import type { AwsContext } from './context.ts'
import { translate } from './error-table.ts'

const target = 'ServiceQuotasV20190624.GetServiceQuota'
/** A quota is only looked up to say early what AWS would say later. */
const limitMs = 10_000

export async function readQuota(aws: AwsContext, code: string): Promise<number> {
  const { region, signal } = aws
  const late = () => Object.assign(new Error('no answer'), { name: 'TimeoutError' })
  try {
    const { status, body } = await within({ ms: limitMs, signal, late }, (stop) =>
      send(aws, JSON.stringify({ ServiceCode: 'ec2', QuotaCode: code }), stop),
    )
    if (status !== 200) throw refusal(status, body)
    return Number((JSON.parse(body) as { Quota: { Value: number } }).Quota.Value)
  } catch (error) {
    signal?.throwIfAborted()
    throw translate(error, { doing: 'looking up the vCPU quota', region })
  }
}

interface Answer {
  status: number
  body: string
}

/** Through the connections, the proxy and the endpoint of the EC2 client. */
async function send(aws: AwsContext, body: string, stop: AbortSignal): Promise<Answer> {
  const { config } = aws.clients.ec2
  const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials()
  const url = await urlFor(aws)
  const now = new Date(Date.now() + (config.systemClockOffset ?? 0))
  const signer = new AwsV4Signer({
    method: 'POST',
    url,
    service: 'servicequotas',
    region: aws.region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ''),
  })
  const { headers } = await signer.sign()
  const { protocol, hostname, port } = new URL(url)
  const request = {
    method: 'POST',
    protocol,
    hostname,
    ...(port ? { port: Number(port) } : {}),
    path: '/',
    query: {},
    headers: Object.fromEntries(headers),
    body,
  }
  const { response } = await config.requestHandler.handle(request as never, { abortSignal: stop })
  const chunks = await (response.body as IncomingMessage).toArray()
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() }
}

/** A named endpoint serves all services: a test's, or AWS_ENDPOINT_URL. */
async function urlFor({ region, clients }: AwsContext): Promise<string> {
  const config = clients.ec2.config as typeof clients.ec2.config & {
    serviceConfiguredEndpoint?: () => Promise<string | undefined>
  }
  const given = await config.endpoint?.()
  if (given) return `${given.protocol}//${given.hostname}${given.port ? `:${given.port}` : ''}/`
  const named = await config.serviceConfiguredEndpoint?.()
  if (named) return new URL('/', named).href
  return `https://servicequotas.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`
}

/** As the SDK would throw it. */
function refusal(status: number, body: string): Error {
  const { __type = 'Error', message, Message } = JSON.parse(body) as Record<string, string>
  const name = __type.split('#').at(-1) ?? __type
  const parts = { name, $fault: 'client', $metadata: { httpStatusCode: status } }
  return Object.assign(new Error(message ?? Message ?? name), parts)
}
