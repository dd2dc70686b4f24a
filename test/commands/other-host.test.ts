/** A cluster whose folder is here, and whose processes are on another computer or in a container. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Host } from '../../src/core/host.ts'
import { thisHost } from '../../src/runtime/this-host.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { needy } from './needy.ts'
import { tm, tmJson } from './run.ts'

/** All but `token`, which only reads the secret. */
const commands = [
  ['up', '--local'],
  ['down', '--yes'],
  ...needy.filter(([name]) => name !== 'token'),
]

/** Something else listens here at the address that the node has there. */
let stranger: Server
let asked: string[]
let around: { dataDir: string }
beforeEach(async () => {
  around = { dataDir: mkdtempSync(join(tmpdir(), 'tm-commands-')) }
  asked = []
  stranger = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end()
  })
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  stranger.close()
  rmSync(around.dataDir, { recursive: true })
})

function makeCluster(host: Host) {
  const state = clusterState(around.dataDir, 'default')
  state.create()
  const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  const nodes = [{ id: 'node-1', url }]
  state.write({ cluster: 'default', provider: 'local', host, nodes, createdAt: 0 })
  return state
}

const here = thisHost()
const beta: Host = { ...here, name: 'beta', machine: 'another', boot: 'another' }
const container: Host = { ...here, name: 'c0ffee', pidNamespace: 'pid:[1]' }

describe('on another computer', () => {
  it.each(commands.map((argv) => [argv[0], argv] as const))(
    '%s leaves it alone',
    async (_, argv) => {
      const state = makeCluster(beta)
      const before = readFileSync(state.path('cluster.json'), 'utf8')
      expect(await tm(argv, around)).toEqual({
        stdout: '',
        stderr: `Error: Cluster default runs on host beta, and this is ${here.name}: it is left alone
  → Run the command there
  → If nothing of it runs there any more, forget where it ran: rm DATA/clusters/default/cluster.json
  → Or use another name: tm up --local --cluster NAME
`,
        exitCode: 1,
      })
      expect(readFileSync(state.path('cluster.json'), 'utf8')).toBe(before)
      expect(existsSync(state.path('secret'))).toBe(true)
      expect(existsSync(state.path('nodes'))).toBe(false)
      expect(asked, 'the admin token is for nobody else').toEqual([])
    },
  )

  it('list shows it, and fails, because nobody looked', async () => {
    makeCluster(beta)
    const { json, stderr, exitCode } = await tmJson(['list'], around)
    expect(json).toEqual({
      clusters: [
        {
          cluster: 'default',
          provider: 'local',
          host: 'beta',
          nodes: 1,
          workers: 0,
          hourly: 0,
          whole: true,
        },
      ],
    })
    expect(stderr).toContain(`Cluster default runs on host beta, and this is ${here.name}`)
    expect(exitCode).toBe(1)
    expect((await tm(['list'], around)).stdout).toBe(
      'default\thost beta\t1\t?\t\t0\tnot seen from here\n',
    )
  })

  it('is taken over as the message says', async () => {
    const state = makeCluster(beta)
    rmSync(state.path('cluster.json'))
    expect((await tm(['down', '--yes'], around)).exitCode).toBe(0)
    expect(state.exists()).toBe(false)
  })
})

it.runIf(here.boot)('in a container of this computer it is left alone too', async () => {
  const state = makeCluster(container)
  const { stderr, exitCode } = await tm(['down', '--yes'], around)
  expect(stderr).toContain(
    'Cluster default runs in another process namespace (a container?) of this computer, on host c0ffee: it is left alone\n',
  )
  expect(exitCode).toBe(1)
  expect(state.exists()).toBe(true)
})

it.runIf(here.boot)('before this computer was started anew, it is gone', async () => {
  const state = makeCluster({ ...here, boot: 'an earlier one' })
  await new Promise((resolve) => stranger.close(resolve))
  const { stdout, exitCode } = await tm(['health'], around)
  expect(stdout).toContain('its process is gone: start it again with tm up --local\n')
  expect(exitCode).toBe(1)
  expect((await tm(['down', '--yes'], around)).exitCode).toBe(0)
  expect(state.exists()).toBe(false)
})
