/**
 * An endpoint of AWS that accepts a call and never answers, stops in the middle, or sends a byte now
 * and then; and a program that never gives its credentials. No call waits for ever.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectAws, disconnectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { AwsContext } from '../../../src/provider/ec2/aws/context.ts'

let aws: AwsContext
let server: Server
const trickles: NodeJS.Timeout[] = []
afterEach(async () => {
  for (const one of trickles) clearInterval(one)
  if (aws) disconnectAws(aws)
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  vi.unstubAllEnvs()
})

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' }

async function open(
  answer: (response: ServerResponse) => void,
  more: { silenceMs?: number; signal?: AbortSignal; profile?: string } = {},
) {
  server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const given = more.profile === undefined ? { credentials } : {}
  aws = await connectAws({ endpoint, region: 'us-east-1', ...given, ...more })
  return (deadlineMs: number) =>
    aws.call(new GetCallerIdentityCommand({}), { doing: 'asking', deadlineMs })
}

const silent = () => {}
const halfway = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '1000' }).write('<Get')
}
const trickle = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/xml' })
  trickles.push(setInterval(() => response.write(' '), 20))
}

describe('a call to AWS', () => {
  it.each([
    ['never answers', silent],
    ['stops in the middle', halfway],
    ['sends a byte now and then', trickle],
  ])('ends at its deadline when the endpoint %s', async (_, answer) => {
    const ask = await open(answer)
    await expect(ask(200)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^Asking failed: AWS does not answer in us-east-1 \(1 try in \d s\)$/,
      ),
    })
  })

  it('is sent again when the endpoint is silent, before the deadline', async () => {
    let calls = 0
    const ask = await open(
      () => {
        calls += 1
      },
      { silenceMs: 50 },
    )
    await expect(ask(1500)).rejects.toThrow('AWS does not answer')
    expect(calls).toBeGreaterThan(1)
  })

  it('ends at the signal', async () => {
    const stop = new AbortController()
    const asked = Promise.withResolvers<void>()
    const ask = await open(() => asked.resolve(), { signal: stop.signal })
    const running = ask(60_000)
    await asked.promise
    stop.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('ends when a program never gives the credentials', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tm-silent-'))
    const config = join(folder, 'config')
    writeFileSync(config, '[profile slow]\ncredential_process = sleep 5\n')
    vi.stubEnv('AWS_CONFIG_FILE', config)
    const ask = await open(silent, { profile: 'slow' })
    await expect(ask(100)).rejects.toThrow('AWS does not answer')
    rmSync(folder, { recursive: true })
  })
})
