/** Signals and pipes that end: what reaches the inner process, and what a user sees of it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { bin, childrenOf, endAll, noOldNode, ourPath, runTm, systemNode, systemPath } from './tm.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-bin-'))
})
afterEach(() => {
  endAll()
  rmSync(dataDir, { recursive: true })
})

const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

/** Starts a node on the given Node, and sends it a signal once it serves. */
async function signalled(program: string, path: string, signal: NodeJS.Signals) {
  const processes: number[] = []
  const run = await runTm(['node', 'serve', '--cluster', 'x'], {
    command: [program, bin],
    env: { PATH: path, TM_DATA_DIR: dataDir },
    onStart(child) {
      let seen = ''
      child.stdout?.on('data', (text) => {
        const before = seen.includes('"serving"')
        seen += text
        if (before || !seen.includes('"serving"')) return
        processes.push(...childrenOf(child.pid as number))
        child.kill(signal)
      })
    },
  })
  return { ...run, processes }
}

describe('a signal', () => {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

  it.for(signals)('%s to the outer process ends the inner one well', async (signal, context) => {
    if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
    const { exitCode, stdout, processes } = await signalled(systemNode ?? '', systemPath, signal)
    expect(processes).toHaveLength(1)
    expect(stdout).toContain('"msg":"stopped"')
    expect(exitCode).toBe(0)
    expect(processes.filter(isAlive)).toEqual([])
  })

  it('ends a node well on Node 24, where there is no outer process', async () => {
    const { exitCode, stdout } = await signalled(process.execPath, ourPath, 'SIGTERM')
    expect(stdout).toContain('"msg":"stopped"')
    expect(exitCode).toBe(0)
  })

  it('that ends the inner process ends the outer one by the same', async (context) => {
    if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const state = clusterState(dataDir, 'x')
    state.create()
    const url = `http://127.0.0.1:${port}`
    const nodes = [{ id: 'node-1', url }]
    state.write({ cluster: 'x', provider: 'local', nodes, createdAt: 0 })
    // It waits for an answer of a node that gives none, and has no handler of its own.
    const { signal } = await runTm(['pull', '--cluster', 'x'], {
      command: [systemNode ?? '', bin],
      env: { PATH: systemPath, TM_DATA_DIR: dataDir },
      onStart: (child) => server.once('request', () => child.kill('SIGTERM')),
    })
    expect(signal).toBe('SIGTERM')
    server.closeAllConnections()
    server.close()
  })
})
