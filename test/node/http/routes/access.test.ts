/** Deny by default: every route that exists is asked without a token, with a bad one, and as every role. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles, signToken } from '../../../../src/core/tokens.ts'
import { openPaths } from '../../../../src/node/http/guard.ts'
import { createTestNode, secret, type TestNode } from '../../harness.ts'

/** Who may use what. A new route fails the first test until it is written down here. */
const allowed: Record<string, Role[]> = {
  'PUT /enqueue': ['admin'],
  'POST /v1/tasks': ['admin'],
  'GET /v1/tasks': ['admin', 'node'],
  'GET /v1/tasks/:id': ['admin', 'node'],
  'POST /v1/tasks/lookup': ['admin', 'node'],
  'POST /v1/tasks/lookup-by-key': ['admin'],
  'POST /v1/tasks/:id/cancel': ['admin'],
  'POST /v1/tasks/:id/retry': ['admin'],
  'PUT /v1/jobs/:id': ['admin'],
  'GET /v1/jobs': ['admin'],
  'GET /v1/jobs/:id': ['admin', 'worker'],
  'GET /v1/jobs/:id/tasks': ['admin'],
  'GET /v1/jobs/:id/progress': ['admin'],
  'GET /v1/jobs/:id/explanation': ['admin'],
  'GET /v1/tasks/:id/explanation': ['admin'],
  'POST /v1/jobs/:id/tasks': ['admin'],
  'POST /v1/jobs/:id/cancel': ['admin'],
  'POST /v1/jobs/:id/retry': ['admin'],
  'POST /v1/jobs/:id/pause': ['admin', 'node'],
  'PUT /v1/shared/:sha256': ['admin'],
  'PUT /v1/shared/:sha256/:part': ['admin'],
  'GET /v1/shared/:sha256/:part': ['worker'],
  'GET /v1/tasks/:id/outputs/:part': ['admin'],
  'POST /v1/tasks/outputs': ['admin'],
  'GET /v1/tasks/:id/attempts': ['admin'],
  'GET /v1/tasks/:id/log': ['admin'],
  'POST /v1/leases/watched': ['worker'],
  'PUT /v1/leases/:id/:attempt/log': ['worker'],
  'PUT /v1/leases/:id/:attempt/outputs/:part': ['worker'],
  'POST /pullCompleted': ['admin'],
  'GET /v1/results': ['admin', 'node'],
  'POST /v1/results/pulled': ['admin', 'node'],
  'POST /v1/leases/claim': ['worker'],
  'POST /v1/leases/renew': ['worker'],
  'POST /v1/leases/complete': ['worker'],
  'POST /v1/leases/fail': ['worker'],
  'POST /v1/leases/release': ['worker'],
  'PUT /v1/workers/:id': ['worker'],
  'PUT /v1/provision': ['admin'],
  'POST /worker_down/:instance_id': ['worker', 'admin'],
  'GET /v1/program': ['worker'],
  'GET /v1/setup': ['worker'],
  'GET /try_get_node_quota': ['node'],
  'PUT /v1/loans/:loan': ['node'],
  'DELETE /v1/loans/:loan': ['node'],
  'GET /v1/state': ['admin', 'node'],
  'GET /v1/settings': ['admin', 'node'],
  'PATCH /v1/settings': ['admin'],
  'PUT /v1/siblings': ['admin'],
  'POST /v1/drain': ['admin'],
  'GET /v1/logs/:id': ['admin'],
  'POST /v1/backups': ['admin'],
  'GET /v1/backups/:id': ['admin'],
  'DELETE /v1/backups/:id': ['admin'],
  'PUT /v1/restore': ['admin'],
  'POST /v1/restore': ['admin'],
  'PUT /v1/secret': ['admin'],
  'GET /metrics': ['admin'],
  'GET /openapi.json': ['admin'],
}

let node: TestNode

beforeAll(async () => {
  node = await createTestNode()
})
afterAll(() => node.close())

const routesOf = (app: TestNode['app']) =>
  new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && !openPaths.includes(path))
      .map(({ method, path }) => `${method} ${path}`),
  )

describe('access', () => {
  it('is written down for every route that the router has', () => {
    expect([...routesOf(node.app)].sort()).toEqual(Object.keys(allowed).sort())
  })

  it('is the same in /openapi.json, for every route in it', async () => {
    const document = (await (await node.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { security: { bearer: Role[] }[] }>>
    }
    const declared = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => [
        `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
        security[0]?.bearer,
      ]),
    )
    expect(Object.fromEntries(declared)).toEqual({
      ...allowed,
      'POST /v1/join': undefined,
      'GET /healthz': undefined,
    })
  })

  it('is open for /healthz, which says nothing but ok, and where workers get their token', async () => {
    expect([...openPaths].sort()).toEqual(['/healthz', '/v1/join'])
    const response = await node.app.request('/healthz')
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
  })

  it.each(Object.keys(allowed))(
    '%s: 401 without a token, with a forged one, and a foreign one',
    async (route) => {
      const [method, path = ''] = route.split(' ')
      const foreign = signToken(new Uint8Array(32), { role: 'admin', subject: 'admin' })
      const tokens = [
        undefined,
        'Bearer nonsense',
        `Bearer ${foreign}`,
        `Basic ${foreign}`,
        'Bearer ',
      ]
      for (const token of tokens) {
        const headers: Record<string, string> = token ? { authorization: token } : {}
        const response = await node.app.request(path, { method: method ?? '', headers })
        expect(response.status).toBe(401)
        expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } })
      }
    },
  )

  it.each(Object.entries(allowed))('%s: 403 for every other role', async (route, who) => {
    const [method = '', path = ''] = route.split(' ')
    const denied = roles.filter((role) => !who.includes(role))
    for (const role of denied) {
      const response = await node.request(path, { method, as: role })
      expect([role, response.status]).toEqual([role, 403])
    }
  })

  it('answers 401 for a path that does not exist too, and 404 with a token', async () => {
    expect((await node.app.request('/v1/nothing')).status).toBe(401)
    const response = await node.request('/v1/nothing')
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: { code: 'not_found', message: 'There is no GET /v1/nothing' },
    })
  })

  it.each(['bearer', 'BEARER', 'Bearer ', 'bEaReR'])('takes the scheme as "%s"', async (scheme) => {
    const token = signToken(secret, { role: 'admin', subject: 'admin' })
    const headers = { authorization: `${scheme} ${token}` }
    expect((await node.app.request('/v1/state', { headers })).status).toBe(200)
  })

  it.each([
    ['POST', '/v1/state', 'GET, HEAD'],
    ['OPTIONS', '/v1/state', 'GET, HEAD'],
    ['GET', '/enqueue', 'PUT'],
    ['DELETE', '/v1/tasks', 'GET, HEAD, POST'],
    ['GET', '/v1/loans/x', 'DELETE, PUT'],
    ['GET', '/v1/tasks/lookup', 'POST'],
    ['PUT', '/openapi.json', 'GET, HEAD'],
    ['PUT', '/healthz', 'GET, HEAD'],
  ])('%s %s is answered with 405 and the right methods', async (method, path, methods) => {
    const response = await node.request(path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, methods])
    const message = `${path} takes ${methods}, not ${method}`
    expect(await response.json()).toEqual({ error: { code: 'not_allowed', message } })
  })

  it('answers HEAD where it answers GET', async () => {
    expect((await node.request('/v1/state', { method: 'HEAD' })).status).toBe(200)
  })

  it('knows the secret only by what it signs', () => {
    const token = signToken(secret, { role: 'admin', subject: 'admin' })
    expect(token).not.toContain(Buffer.from(secret).toString('base64url'))
  })
})
