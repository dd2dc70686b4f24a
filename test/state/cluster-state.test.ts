/** What this machine remembers of a cluster: for nobody else to read, whole or not at all. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tm as command, suggest } from '../../src/core/suggestions.ts'
import { refuseOpen } from '../../src/runtime/private-file.ts'
import type { ClusterRecord } from '../../src/state/cluster-record.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { writeWhole } from '../../src/state/whole-file.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-state-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dataDir, { recursive: true })
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const record: ClusterRecord = { cluster: 'x', provider: 'local', nodes: [], createdAt: 0 }

describe('the state of a cluster', () => {
  it('is a folder of 0700 with files of 0600, whatever the umask', () => {
    const before = process.umask(0)
    try {
      const state = clusterState(dataDir, 'x')
      expect(state.exists()).toBe(false)
      state.create()
      state.write(record)
      expect(state.folder).toBe(join(dataDir, 'clusters', 'x'))
      expect(modeOf(state.folder)).toBe('700')
      expect(readdirSync(state.folder).sort()).toEqual(['cluster.json', 'secret'])
      expect(modeOf(state.path('secret'))).toBe('600')
      expect(modeOf(state.path('cluster.json'))).toBe('600')
    } finally {
      process.umask(before)
    }
  })

  it('tightens a folder that was there with a loose mode, before there is a secret in it', () => {
    const state = clusterState(dataDir, 'x')
    mkdirSync(state.folder, { recursive: true, mode: 0o755 })
    state.create()
    expect(modeOf(state.folder)).toBe('700')
  })

  it('keeps its secret: 32 bytes, another one for each cluster', () => {
    const x = clusterState(dataDir, 'x')
    const y = clusterState(dataDir, 'y')
    x.create()
    y.create()
    const secret = x.secret()
    x.create()
    expect(x.secret()).toEqual(secret)
    expect(secret).toHaveLength(32)
    expect(y.secret()).not.toEqual(secret)
  })

  it.each([
    ['secret', 0o604, 'chmod 600'],
    ['secret', 0o660, 'chmod 600'],
    ['', 0o750, 'chmod 700'],
    ['', 0o701, 'chmod 700'],
  ])('refuses its secret while others can open %j (%o)', (name, mode, fix) => {
    const state = clusterState(dataDir, 'x')
    state.create()
    const path = state.path(name)
    chmodSync(path, mode)
    const expected = expect.objectContaining({
      code: 'forbidden',
      message: `Others can read ${path} (mode ${mode.toString(8)})`,
      suggestions: [`${fix} ${path}`],
    })
    expect(() => state.secret()).toThrow(expected)
    if (path === state.folder) expect(() => state.create()).toThrow(expected)
    chmodSync(path, name ? 0o600 : 0o700)
    expect(state.secret()).toHaveLength(32)
  })

  it.each(['secret', ''])('refuses its secret while %j belongs to another user', (name) => {
    const state = clusterState(dataDir, 'x')
    state.create()
    const path = state.path(name)
    const me = statSync(path).uid
    const as = (uid: number) => vi.spyOn(process, 'getuid').mockReturnValue(uid)
    as(me + 1)
    // The folder is looked at first.
    expect(() => state.secret()).toThrow(`${state.folder} belongs to another user (id ${me}`)
    expect(() => refuseOpen(path)).toThrow(`${path} belongs to another user (id ${me}`)
    as(0)
    expect(state.secret()).toHaveLength(32)
  })

  it('reads what it wrote, nothing before, and names what is damaged', () => {
    const state = clusterState(dataDir, 'x')
    state.create()
    expect(state.read()).toBeUndefined()
    state.write(record)
    expect(state.read()).toEqual(record)
    writeFileSync(state.path('cluster.json'), '{')
    expect(() => state.read()).toThrow(
      expect.objectContaining({
        code: 'damaged',
        message: expect.stringContaining(state.path('cluster.json')),
        suggestions: [suggest`It is only a cache: remove it, then ${command('up')}`],
      }),
    )
  })

  it('is gone when removed, and may be removed again', () => {
    const state = clusterState(dataDir, 'x')
    state.create()
    state.remove()
    state.remove()
    expect(state.exists()).toBe(false)
    expect(() => state.secret()).toThrow(state.notFound().message)
  })
})

describe('two creators at once', () => {
  it('agree on one secret', async () => {
    const source = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { clusterState } from '${new URL('../../src/state/cluster-state.ts', import.meta.url)}'
      const { dataDir, gate } = workerData
      parentPort.postMessage('ready')
      Atomics.wait(gate, 0, 0)
      const state = clusterState(dataDir, 'x')
      state.create()
      parentPort.postMessage(Buffer.from(state.secret()).toString('hex'))`
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
    const workers = [1, 2, 3].map(() => new Worker(url, { workerData: { dataDir, gate } }))
    const secrets: string[] = []
    let ready = 0
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.on('error', reject)
            worker.on('message', (message: string) => {
              if (message === 'ready') ready += 1
              else secrets.push(message)
              if (ready === workers.length) {
                Atomics.store(gate, 0, 1)
                Atomics.notify(gate, 0)
              }
            })
            worker.on('exit', () => resolve())
          }),
      ),
    )
    expect(secrets).toHaveLength(3)
    expect(new Set(secrets).size).toBe(1)
    expect(readdirSync(clusterState(dataDir, 'x').folder)).toEqual(['secret'])
  })
})

describe('a whole write', () => {
  it('leaves no draft behind', () => {
    writeWhole(join(dataDir, 'file'), 'text')
    writeWhole(join(dataDir, 'file'), 'other')
    expect(readdirSync(dataDir)).toEqual(['file'])
    expect(modeOf(join(dataDir, 'file'))).toBe('600')
  })

  it('that fails leaves the old file as it was', () => {
    mkdirSync(join(dataDir, 'file', 'in the way'), { recursive: true })
    expect(() => writeWhole(join(dataDir, 'file'), 'text')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
    expect(readdirSync(dataDir)).toEqual(['file'])
  })
})

describe('a name', () => {
  it.each(['a', '0', 'a-b-9', 'x'.repeat(40)])('may be %s', (name) => {
    expect(clusterState(dataDir, name).name).toBe(name)
  })

  it.each(['', '-a', 'A', 'a_b', 'a/b', '..', 'a b', 'ä', 'x'.repeat(41)])(
    'may not be %j',
    (name) => {
      expect(() => clusterState(dataDir, name)).toThrow(
        `A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"`,
      )
    },
  )

  it('is in every command that is suggested', () => {
    expect(clusterState(dataDir, 'x').notFound().render({ cluster: 'x' }).suggestions).toEqual([
      'Start one on this machine: tm up --local --cluster x',
      'Or on EC2: tm up --cluster x',
    ])
  })
})
