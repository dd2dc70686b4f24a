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
import { refuseOpen } from '../../src/cli/private.ts'
import { type ClusterRecord, noCluster, savedCluster, tm, writeWhole } from '../../src/cli/saved.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-saved-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dataDir, { recursive: true })
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const record: ClusterRecord = { cluster: 'x', provider: 'local', nodes: [], createdAt: 0 }

describe('a saved cluster', () => {
  it('is a folder of 0700 with files of 0600, whatever the umask', () => {
    const before = process.umask(0)
    try {
      const saved = savedCluster(dataDir, 'x')
      expect(saved.exists()).toBe(false)
      saved.create()
      saved.write(record)
      expect(saved.folder).toBe(join(dataDir, 'clusters', 'x'))
      expect(modeOf(saved.folder)).toBe('700')
      expect(readdirSync(saved.folder).sort()).toEqual(['cluster.json', 'secret'])
      expect(modeOf(saved.path('secret'))).toBe('600')
      expect(modeOf(saved.path('cluster.json'))).toBe('600')
    } finally {
      process.umask(before)
    }
  })

  it('tightens a folder that was there with a loose mode, before there is a secret in it', () => {
    const saved = savedCluster(dataDir, 'x')
    mkdirSync(saved.folder, { recursive: true, mode: 0o755 })
    saved.create()
    expect(modeOf(saved.folder)).toBe('700')
  })

  it('keeps its secret: 32 bytes, another one for each cluster', () => {
    const x = savedCluster(dataDir, 'x')
    const y = savedCluster(dataDir, 'y')
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
    const saved = savedCluster(dataDir, 'x')
    saved.create()
    const path = saved.path(name)
    chmodSync(path, mode)
    const expected = expect.objectContaining({
      code: 'forbidden',
      message: `Others can read ${path} (mode ${mode.toString(8)})`,
      suggestions: [`${fix} ${path}`],
    })
    expect(() => saved.secret()).toThrow(expected)
    if (path === saved.folder) expect(() => saved.create()).toThrow(expected)
    chmodSync(path, name ? 0o600 : 0o700)
    expect(saved.secret()).toHaveLength(32)
  })

  it.each(['secret', ''])('refuses its secret while %j belongs to another user', (name) => {
    const saved = savedCluster(dataDir, 'x')
    saved.create()
    const path = saved.path(name)
    const me = statSync(path).uid
    const as = (uid: number) => vi.spyOn(process, 'getuid').mockReturnValue(uid)
    as(me + 1)
    // The folder is looked at first.
    expect(() => saved.secret()).toThrow(`${saved.folder} belongs to another user (id ${me}`)
    expect(() => refuseOpen(path)).toThrow(`${path} belongs to another user (id ${me}`)
    as(0)
    expect(saved.secret()).toHaveLength(32)
  })

  it('reads what it wrote, nothing before, and names what is damaged', () => {
    const saved = savedCluster(dataDir, 'x')
    saved.create()
    expect(saved.read()).toBeUndefined()
    saved.write(record)
    expect(saved.read()).toEqual(record)
    writeFileSync(saved.path('cluster.json'), '{')
    expect(() => saved.read()).toThrow(
      expect.objectContaining({
        code: 'damaged',
        message: expect.stringContaining(saved.path('cluster.json')),
        suggestions: ['It is only a cache: remove it, then tm up --local --cluster x'],
      }),
    )
  })

  it('is gone when removed, and may be removed again', () => {
    const saved = savedCluster(dataDir, 'x')
    saved.create()
    saved.remove()
    saved.remove()
    expect(saved.exists()).toBe(false)
    expect(() => saved.secret()).toThrow(noCluster('x').message)
  })
})

describe('two creators at once', () => {
  it('agree on one secret', async () => {
    const source = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { savedCluster } from '${new URL('../../src/cli/saved.ts', import.meta.url)}'
      const { dataDir, gate } = workerData
      parentPort.postMessage('ready')
      Atomics.wait(gate, 0, 0)
      const saved = savedCluster(dataDir, 'x')
      saved.create()
      parentPort.postMessage(Buffer.from(saved.secret()).toString('hex'))`
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
    expect(readdirSync(savedCluster(dataDir, 'x').folder)).toEqual(['secret'])
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
    expect(savedCluster(dataDir, name).name).toBe(name)
  })

  it.each(['', '-a', 'A', 'a_b', 'a/b', '..', 'a b', 'ä', 'x'.repeat(41)])(
    'may not be %j',
    (name) => {
      expect(() => savedCluster(dataDir, name)).toThrow(
        `A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"`,
      )
    },
  )

  it('is in every command that is suggested, unless it is the default', () => {
    expect(tm('down --yes', 'default')).toBe('tm down --yes')
    expect(tm('down --yes', 'x')).toBe('tm down --yes --cluster x')
    expect(noCluster('x').suggestions).toEqual([
      'Start one on this machine: tm up --local --cluster x',
      'Or on EC2: tm up --cluster x',
    ])
  })
})
