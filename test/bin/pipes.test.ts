/** A reader that stops reading, as in `tm pull | head -1`: the command ends as `cat` does, silently. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { bin, endAll, ourPath, runTm } from './tm.ts'

/** More than a pipe holds. */
const results = Array.from({ length: 1000 }, (_, n) => ({
  id: `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`,
  result: 'ab'.repeat(64),
  iterations: 1,
  completedAt: 1,
  attempts: 1,
  took: 1,
}))

const dataDir = mkdtempSync(join(tmpdir(), 'tm-pipes-'))
let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    const body = request.url?.startsWith('/v1/results?') ? { results } : {}
    response.setHeader('content-type', 'application/json')
    request.resume().on('end', () => response.end(JSON.stringify(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const state = clusterState(dataDir, 'default')
  state.create()
  state.write({
    cluster: 'default',
    provider: 'local',
    nodes: [{ id: 'node-1', url }],
    createdAt: 0,
  })
})
afterEach(endAll)
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(dataDir, { recursive: true })
})

describe('a reader that stops reading', () => {
  it.each(['pull --top 1000', 'pull --top 1000 --json'])(
    'ends it: tm %s | head -1',
    async (line) => {
      const tm = `'${process.execPath}' '${bin}' ${line}`
      const { stdout, stderr, exitCode } = await runTm([], {
        command: ['bash', '-c', `set -o pipefail; ${tm} | head -1`],
        env: { PATH: ourPath, TM_DATA_DIR: dataDir },
      })
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 141 })
      expect(stdout).toMatch(/^[^\n]+\n$/)
    },
  )
})
