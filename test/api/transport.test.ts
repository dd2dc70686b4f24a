/** One request over the network: how long it may take, how often it is tried, what its failure is called. */
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport, errorIn, wasRefused } from '../../src/api/transport.ts'
import { messageOf, TmError } from '../../src/core/errors.ts'
import { suggest, tm } from '../../src/core/suggestions.ts'
import { nowhere, serveHttp, serveTcp, type TestServer } from './server.ts'

const send = createTransport(undefined)
const servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function http(...args: Parameters<typeof serveHttp>): Promise<string> {
  const server = await serveHttp(...args)
  servers.push(server)
  return server.url
}

async function tcp(...args: Parameters<typeof serveTcp>): Promise<string> {
  const server = await serveTcp(...args)
  servers.push(server)
  return server.url
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )

const suggestions = [
  suggest`See which nodes are up: ${tm('health')}`,
  suggest`Start missing nodes: ${tm('up')}`,
]

describe('a failure', () => {
  it('is called refused when nothing listens: the node has seen nothing of it', async () => {
    const url = await nowhere()
    const error = await failure(send(`${url}/path`, {}))
    expect(error).toMatchObject({
      code: 'unreachable',
      message: `${url} can't be reached: nothing listens there`,
      suggestions,
    })
    expect(wasRefused(error)).toBe(true)
  })

  it('is called broken when the connection ends without an answer: it may have been seen', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.destroy()))
    const error = await failure(send(url, {}))
    expect(error).toMatchObject({
      code: 'unreachable',
      message: `${url} can't be reached: the connection broke`,
    })
    expect(wasRefused(error)).toBe(false)
  })

  it('is called broken when the connection is reset', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const error = await failure(send(url, {}))
    expect(messageOf(error)).toBe(`${url} can't be reached: the connection broke`)
    expect(wasRefused(error)).toBe(false)
  })

  it('names the time when no answer comes in it', async () => {
    const url = await http(() => {})
    const error = await failure(send(url, {}, { timeoutMs: 100 }))
    expect(error).toMatchObject({
      code: 'unreachable',
      message: `${url} can't be reached: no answer in 0.1 s`,
    })
    expect(wasRefused(error)).toBe(false)
  })

  it('says what came when it was no HTTP', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')))
    const error = await failure(send(url, {}))
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(messageOf(error)).toMatch(/^http:\/\/127\.0\.0\.1:\d+ can't be reached: .{5,}$/)
    expect(wasRefused(error)).toBe(false)
  })

  it('is what a redirect is: the token goes nowhere else', async () => {
    const requests: string[] = []
    const url = await http((request, response) => {
      requests.push(request.url ?? '')
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect(await failure(send(`${url}/here`, {}))).toMatchObject({ code: 'unreachable' })
    expect(requests).toEqual(['/here'])
  })

  it('of something else is not "refused"', () => {
    expect(wasRefused(new Error('ECONNREFUSED'))).toBe(false)
    expect(wasRefused(new TmError('unreachable', 'x'))).toBe(false)
    expect(wasRefused(undefined)).toBe(false)
  })
})

describe('trying again', () => {
  it('happens as often as allowed, and ends with the first answer', async () => {
    let tries = 0
    const url = await http((request, response) => {
      tries += 1
      if (tries < 3) request.socket.destroy()
      else response.end('here')
    })
    const response = await send(url, {}, { retries: 5 })
    expect(Buffer.from(response.bytes).toString()).toBe('here')
    expect(tries).toBe(3)
  })

  it('sends the same body again', async () => {
    const bodies: string[] = []
    const url = await http(async (request, response) => {
      let body = ''
      for await (const piece of request) body += piece
      bodies.push(body)
      if (bodies.length < 2) request.socket.destroy()
      else response.end()
    })
    const init = { method: 'POST', body: new TextEncoder().encode('body') }
    await send(url, init, { retries: 1 })
    expect(bodies).toEqual(['body', 'body'])
  })

  it('ends with the failure when it was allowed no more', async () => {
    let tries = 0
    const url = await http((request) => {
      tries += 1
      request.socket.destroy()
    })
    expect(await failure(send(url, {}, { retries: 2 }))).toMatchObject({
      code: 'unreachable',
    })
    expect(tries).toBe(3)
  })

  it('does not happen unless asked for', async () => {
    let tries = 0
    const url = await http((request) => {
      tries += 1
      request.socket.destroy()
    })
    await failure(send(url, {}))
    expect(tries).toBe(1)
  })

  it('happens when the node is not ready', async () => {
    let tries = 0
    const url = await http((_, response) => {
      tries += 1
      if (tries < 3) response.writeHead(503).end('{"error":{"code":"unavailable","message":"no"}}')
      else response.end('here')
    })
    const answer = await send(url, {}, { retries: 5 })
    expect(Buffer.from(answer.bytes).toString()).toBe('here')
    expect(tries).toBe(3)
  })

  it('ends with the last answer of a node that does not get ready', async () => {
    let tries = 0
    const url = await http((_, response) => {
      tries += 1
      response.writeHead(503).end(`try ${tries}`)
    })
    const answer = await send(url, {}, { retries: 2 })
    expect(answer.status).toBe(503)
    expect(Buffer.from(answer.bytes).toString()).toBe('try 3')
  })

  it.each([400, 404, 500, 507])('does not happen for status %i', async (status) => {
    let tries = 0
    const url = await http((_, response) => {
      tries += 1
      response.writeHead(status).end()
    })
    expect((await send(url, {}, { retries: 3 })).status).toBe(status)
    expect(tries).toBe(1)
  })

  it('happens when an answer breaks off', async () => {
    let tries = 0
    const url = await http((request, response) => {
      tries += 1
      response.writeHead(200, { 'content-length': 4 })
      if (tries < 2) response.write('he', () => request.socket.destroy())
      else response.end('here')
    })
    const answer = await send(url, {}, { retries: 1 })
    expect(Buffer.from(answer.bytes).toString()).toBe('here')
    expect(tries).toBe(2)
  })
})

describe('giving up', () => {
  it('happens at once, in the middle of a request', async () => {
    const stop = new AbortController()
    let tries = 0
    const url = await http(() => {
      tries += 1
      stop.abort(new Error('enough'))
    })
    const error = await failure(send(url, {}, { retries: 5, signal: stop.signal }))
    expect(error).toBe(stop.signal.reason)
    expect(tries).toBe(1)
  })

  it('happens in the pause between two tries', async () => {
    const stop = new AbortController()
    let tries = 0
    const url = await http((request) => {
      tries += 1
      request.socket.once('close', () => setImmediate(() => stop.abort()))
      request.socket.destroy()
    })
    const began = performance.now()
    const error = await failure(send(url, {}, { retries: 20, signal: stop.signal }))
    expect((error as Error).name).toBe('AbortError')
    expect(tries).toBe(1)
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('before it began sends nothing', async () => {
    let tries = 0
    const url = await http((_, response) => {
      tries += 1
      response.end()
    })
    const signal = AbortSignal.abort(new Error('enough'))
    expect(messageOf(await failure(send(url, {}, { signal })))).toBe('enough')
    expect(tries).toBe(0)
  })
})

describe('the error in an answer', () => {
  const answer = (status: number, text: string) => {
    return { status, bytes: new TextEncoder().encode(text) }
  }

  it('is the one that the node sent', async () => {
    const sent = new TmError('too_large', 'It is too large', { suggestions: ['Split it'] })
    const error = errorIn(answer(413, JSON.stringify({ error: sent })))
    expect(error).toBeInstanceOf(TmError)
    expect(error.toJSON()).toEqual(sent.toJSON())
  })

  const strange: [string, string][] = [
    ['no JSON', '<html>Bad gateway</html>'],
    ['nothing', ''],
    ['another shape', '{"message":"no"}'],
    ['null', 'null'],
    ['an error of no kind', '{"error":null}'],
    ['a text for an error', '{"error":"no"}'],
    ['a code that there is not', '{"error":{"code":"teapot","message":"no"}}'],
    ['a code of every object', '{"error":{"code":"toString","message":"no"}}'],
    ['no message', '{"error":{"code":"invalid"}}'],
    ['a message that is no text', '{"error":{"code":"invalid","message":{"a":1}}}'],
  ]
  it.each(strange)('is its status when it holds %s', async (_, text) => {
    const error = errorIn(answer(502, text))
    expect(error.toJSON()).toEqual({
      code: 'internal',
      message: 'The node answered with status 502',
    })
  })

  it('does without suggestions that are no texts', async () => {
    const text = '{"error":{"code":"invalid","message":"no","suggestions":"none"}}'
    expect(errorIn(answer(400, text)).toJSON()).toEqual({ code: 'invalid', message: 'no' })
  })
})
