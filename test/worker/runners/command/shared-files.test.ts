/** What a worker does with shared files: each once, whole or not at all, and never what it was not sent. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packTar, type TarEntry, type TarHeader } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TmError } from '../../../../src/core/errors.ts'
import type { SharedFile } from '../../../../src/kinds/command/shared.ts'
import { until } from '../../../../src/runtime/until.ts'
import { createCache } from '../../../../src/worker/runners/command/shared/cache.ts'
import { BadArchive } from '../../../../src/worker/runners/command/shared/extract.ts'
import { createSharedFiles } from '../../../../src/worker/runners/command/shared/shared-files.ts'

const part = 1024 ** 2
let root: string
let shared: ReturnType<typeof createSharedFiles>
let attempts = 0
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tm-shared-'))
  shared = createSharedFiles(join(root, 'shared'))
})
afterEach(() => {
  shared.close()
  rmSync(root, { recursive: true })
})

type Bytes = Uint8Array<ArrayBuffer>

/** A node that has these bytes, and counts who reads them. `before` may fail or wait. */
function nodeWith(bytes: Bytes, before: (part: number) => Promise<void> | void = () => {}) {
  const reads: number[] = []
  return {
    reads,
    async readShared(request: { params: { part: number }; signal?: AbortSignal | undefined }) {
      const { params, signal } = request
      reads.push(params.part)
      await before(params.part)
      signal?.throwIfAborted()
      return bytes.slice(params.part * part, (params.part + 1) * part)
    },
  }
}

function file(bytes: Bytes, changes: Partial<SharedFile> = {}): SharedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name: 'x', sha256, size: bytes.length, kind: 'file', mode: 0o644, ...changes }
}

const bytesOf = (text: string): Bytes => new TextEncoder().encode(text)
const never = new AbortController().signal

function newAttempt(): string {
  attempts += 1
  const cwd = join(root, `attempt-${attempts}`)
  mkdirSync(cwd)
  return cwd
}

type Node = ReturnType<typeof nodeWith>

async function give(one: SharedFile, node: Node, signal = never): Promise<string> {
  const cwd = newAttempt()
  await shared.give([one], node, { cwd }, signal)
  return join(cwd, one.name)
}

async function tar(...entries: (Partial<TarHeader> & { name: string; text?: string })[]) {
  return await packTar(
    entries.map(({ text = '', ...header }): TarEntry => {
      const body = bytesOf(text)
      return { header: { size: body.length, ...header }, body }
    }),
  )
}

describe('a shared file', () => {
  it('is read once, however many attempts want it at the same time, and later ones', async () => {
    const bytes = new Uint8Array(5 * part + 7).map((_, index) => index % 251)
    const node = nodeWith(bytes)
    const all = await Promise.all(Array.from({ length: 8 }, () => give(file(bytes), node)))
    all.push(await give(file(bytes), node))
    expect(node.reads).toEqual([0, 1, 2, 3, 4, 5])
    for (const path of all) expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
  })

  it('is read-only, and a program if it was one', async () => {
    const bytes = bytesOf('#!/bin/sh\n')
    const modeOf = (path: string) => lstatSync(path).mode & 0o777
    expect(modeOf(await give(file(bytes), nodeWith(bytes)))).toBe(0o444)
    const program = file(bytes, { mode: 0o755, name: 'bin/run' })
    expect(modeOf(await give(program, nodeWith(bytes)))).toBe(0o555)
    expect(modeOf(await give(file(bytes), nodeWith(bytes)))).toBe(0o444)
  })

  it('may be empty', async () => {
    const bytes = new Uint8Array()
    const node = nodeWith(bytes)
    expect(readFileSync(await give(file(bytes), node), 'utf8')).toBe('')
    expect(node.reads).toEqual([])
  })

  it('that a command has changed is fetched again: the next attempt has what was sent', async () => {
    const bytes = bytesOf('as it was sent')
    const node = nodeWith(bytes)
    const first = await give(file(bytes), node)
    // What the command of an attempt without a clone of its own would do to it.
    const [cached = ''] = readdirSync(join(root, 'shared'))
    const stored = join(root, 'shared', cached)
    chmodSync(stored, 0o644)
    writeFileSync(stored, 'as it was spoilt!')
    expect(readFileSync(await give(file(bytes), node), 'utf8')).toBe('as it was sent')
    expect(node.reads).toEqual([0, 0])
    expect(existsSync(first)).toBe(true)
  })

  it('that arrives with other bytes is no shared file, and is asked for again', async () => {
    const bytes = bytesOf('right')
    let isRight = false
    const node = {
      reads: [],
      readShared: async () => bytesOf(isRight ? 'right' : 'wrong'),
    }
    const refused = give(file(bytes), node)
    await expect(refused).rejects.toThrow('the shared file x: it arrived with other bytes')
    await expect(refused).rejects.not.toBeInstanceOf(BadArchive)
    expect(readdirSync(join(root, 'shared'))).toEqual([])
    isRight = true
    expect(readFileSync(await give(file(bytes), node), 'utf8')).toBe('right')
  })

  it('that can not be read fails all that wait for it, and leaves nothing half done', async () => {
    const bytes = new Uint8Array(3 * part)
    const node = nodeWith(bytes, (n) => {
      if (n === 2) throw new TmError('unreachable', 'nobody answers')
    })
    const both = await Promise.allSettled([give(file(bytes), node), give(file(bytes), node)])
    for (const one of both) {
      expect(one).toMatchObject({
        status: 'rejected',
        reason: { message: 'the shared file x: nobody answers' },
      })
    }
    const isEmpty = () => readdirSync(join(root, 'shared')).length === 0
    expect(await until(isEmpty, { withinMs: 5000, pauseMs: 10 })).toBe(true)
  })

  it('goes on for others when one attempt is cancelled, and ends with the last one', async () => {
    const bytes = new Uint8Array(2 * part)
    const gate = Promise.withResolvers<void>()
    const node = nodeWith(bytes, () => gate.promise)
    const stopping = new AbortController()
    const cancelled = give(file(bytes), node, stopping.signal)
    const other = give(file(bytes), node)
    stopping.abort()
    await expect(cancelled).rejects.toThrow()
    gate.resolve()
    expect(readFileSync(await other)).toHaveLength(2 * part)
    expect(node.reads).toEqual([0, 1])

    const stopped = new AbortController()
    const again = file(bytesOf('another'))
    const asking = Promise.withResolvers<AbortSignal | undefined>()
    const silent = {
      reads: [],
      readShared: async ({ signal }: { signal?: AbortSignal | undefined }) => {
        asking.resolve(signal)
        return await new Promise<Bytes>((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason))
        })
      },
    }
    const alone = give(again, silent, stopped.signal)
    const asked = await asking.promise
    expect(asked?.aborted).toBe(false)
    stopped.abort()
    await expect(alone).rejects.toThrow()
    expect(asked?.aborted).toBe(true)
  })

  it('has no name out of the folder, whatever the job says', async () => {
    const bytes = bytesOf('x')
    for (const name of ['../x', '/tmp/x', 'a/../../x']) {
      const given = give(file(bytes, { name }), nodeWith(bytes))
      await expect(given).rejects.toBeInstanceOf(BadArchive)
    }
  })
})

describe('a shared folder', () => {
  it('has all its files, read-only, in folders that the command may write to', async () => {
    const bytes = await tar(
      { name: 'bin/', type: 'directory' },
      { name: 'bin/run', mode: 0o755, text: 'go' },
      { name: 'bin/data', mode: 0o600, text: 'x'.repeat(3 * part) },
      { name: 'empty/', type: 'directory' },
      { name: 'link', type: 'symlink', linkname: 'bin/run' },
    )
    const node = nodeWith(bytes)
    const folder = file(bytes, { kind: 'dir', name: 'lib/src' })
    const [one, other] = await Promise.all([give(folder, node), give(folder, node)])
    for (const path of [one, other]) {
      expect(readdirSync(path).sort()).toEqual(['bin', 'empty', 'link'])
      expect(readFileSync(join(path, 'link'), 'utf8')).toBe('go')
      expect(readlinkSync(join(path, 'link'))).toBe('bin/run')
      expect(lstatSync(join(path, 'bin/run')).mode & 0o777).toBe(0o555)
      expect(lstatSync(join(path, 'bin/data')).mode & 0o777).toBe(0o444)
      expect(lstatSync(join(path, 'bin/data')).size).toBe(3 * part)
      writeFileSync(join(path, 'bin/new'), 'only here')
    }
    expect(node.reads).toEqual([0, 1, 2, 3])
    expect(readdirSync(join(await give(folder, node), 'bin')).sort()).toEqual(['data', 'run'])
  })

  it('may be empty', async () => {
    const bytes = await tar()
    expect(readdirSync(await give(file(bytes, { kind: 'dir' }), nodeWith(bytes)))).toEqual([])
  })

  it('with an entry that leads out of it is refused, and nothing is written there', async () => {
    const dir = { name: 'd/', type: 'directory' } as const
    const bad: Record<string, Parameters<typeof tar>> = {
      'a name that goes up': [{ name: '../evil', text: 'x' }],
      'a name in between': [dir, { name: 'd/../../evil', text: 'x' }],
      'an absolute name': [{ name: join(root, 'evil'), text: 'x' }],
      'a link to elsewhere': [{ name: 'l', type: 'symlink', linkname: '/etc' }],
      'a link that goes up': [dir, { name: 'd/l', type: 'symlink', linkname: '../../x' }],
      'a file behind a link': [
        dir,
        { name: 'l', type: 'symlink', linkname: 'd' },
        { name: 'l/evil', text: 'x' },
      ],
      'a hard link': [{ name: 'l', type: 'link', linkname: '/etc/passwd' }],
      'a device': [{ name: 'l', type: 'character-device' }],
      'a file twice': [
        { name: 'a', text: '1' },
        { name: 'a', text: '2' },
      ],
      'a file in a file': [
        { name: 'a', text: '1' },
        { name: 'a/b', text: '2' },
      ],
    }
    for (const [what, entries] of Object.entries(bad)) {
      const bytes = await tar(...entries)
      const given = give(file(bytes, { kind: 'dir' }), nodeWith(bytes))
      await expect(given, what).rejects.toBeInstanceOf(BadArchive)
    }
    const noise = new Uint8Array(2000).fill(120)
    const given = give(file(noise, { kind: 'dir' }), nodeWith(noise))
    await expect(given).rejects.toBeInstanceOf(BadArchive)
    expect(readdirSync(root).filter((name) => !name.startsWith('attempt-'))).toEqual(['shared'])
    expect(readdirSync(join(root, 'shared'))).toEqual([])
  })

  it('whose archive breaks off is the fault of the way, not of the archive', async () => {
    const bytes = await tar({ name: 'a', text: 'x'.repeat(2 * part) })
    const node = nodeWith(bytes, (n) => {
      if (n === 1) throw new TmError('unreachable', 'nobody answers')
    })
    const given = give(file(bytes, { kind: 'dir' }), node)
    await expect(given).rejects.toThrow('nobody answers')
    await expect(given).rejects.not.toBeInstanceOf(BadArchive)
  })
})

describe('the cache', () => {
  it('forgets the least recently used beyond its size, but nothing that is in use', async () => {
    const folder = join(root, 'cache')
    mkdirSync(folder)
    const cache = createCache({ folder, maxBytes: 25 })
    const contents = ['a', 'b', 'c', 'd'].map((letter) => bytesOf(letter.repeat(10)))
    const nodes = contents.map((bytes) => nodeWith(bytes))
    const use = (index: number, during: () => Promise<void> = async () => {}) => {
      const bytes = contents[index] as Bytes
      return cache.with(file(bytes), nodes[index] as Node, never, during)
    }
    const reads = () => nodes.map((node) => node.reads.length)
    await use(0)
    await use(1)
    await use(0)
    await use(2)
    await use(0)
    expect(reads()).toEqual([1, 1, 1, 0])
    await use(1)
    expect(reads()).toEqual([1, 2, 1, 0])
    await use(0, async () => {
      await use(1, async () => {
        await use(3)
      })
    })
    await use(0)
    await use(1)
    expect(reads()).toEqual([1, 2, 1, 1])
    await use(2)
    const isTidy = await until(() => readdirSync(folder).length === 2, {
      withinMs: 5000,
      pauseMs: 10,
    })
    expect(isTidy).toBe(true)
    cache.close()
  })
})
