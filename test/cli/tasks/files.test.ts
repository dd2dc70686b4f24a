/** Reading files that become tasks: all of their bytes, never more than the limit, nothing without end. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readTaskFile } from '../../../src/cli/tasks/files.ts'
import { suggest, tm } from '../../../src/core/suggestions.ts'

/** Runs between the look at a file's size and the reading of it. */
let between = () => {}
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>()
  const open = async (...args: Parameters<typeof real.open>): Promise<FileHandle> => {
    const handle = await real.open(...args)
    const stat = handle.stat.bind(handle)
    vi.spyOn(handle, 'stat').mockImplementation((async () => {
      const stats = await stat()
      between()
      return stats
    }) as typeof handle.stat)
    return handle
  }
  return { ...real, open }
})

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-files-'))
  file = join(folder, 'file')
  between = () => {}
})
afterEach(() => rmSync(folder, { recursive: true }))

/** As the only file of a command. */
const read = (path: string, maxBody: number, isOnly = true, onWaiting = (_: string) => {}) =>
  readTaskFile(path, { maxBody, isOnly, onWaiting })

const text = async (path: string, max = 100) =>
  Buffer.from(await read(path, max)).toString('latin1')

describe('a file', () => {
  it('is read whole, up to the limit', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
    writeFileSync(file, bytes)
    expect(Buffer.from(await read(file, 256))).toEqual(bytes)
  })

  it('may be empty', async () => {
    writeFileSync(file, '')
    expect(await text(file)).toBe('')
  })

  it('over the limit is refused with both sizes', async () => {
    writeFileSync(file, 'x'.repeat(2049))
    await expect(read(file, 2048)).rejects.toMatchObject({
      code: 'too_large',
      message: `${file} has 2.0 KiB, over the limit of 2 KiB`,
      suggestions: [suggest`Split it, or raise the limit: ${tm('up', { 'max-body': 'SIZE' })}`],
    })
  })

  it('that shrinks while it is read is what is left of it', async () => {
    writeFileSync(file, '1234567890')
    between = () => truncateSync(file, 4)
    expect(await text(file)).toBe('1234')
  })

  it('that grows while it is read is what it was', async () => {
    writeFileSync(file, '12345')
    between = () => writeFileSync(file, '1234567890'.repeat(100))
    expect(await text(file, 5)).toBe('12345')
  })
})

describe('what is no file', () => {
  it('is refused by its name when it is a directory', async () => {
    await expect(read(folder, 5)).rejects.toMatchObject({
      code: 'failed',
      message: `${folder} is a directory; name its files: ${folder}/*`,
    })
  })

  it('is refused by its name when it is not there', async () => {
    const message = `${file}: there is no such file`
    await expect(read(file, 5)).rejects.toMatchObject({ code: 'failed', message })
  })

  it('is empty when it is /dev/null', async () => {
    expect(await text('/dev/null')).toBe('')
  })

  it('is refused at the limit when it never ends', async () => {
    await expect(read('/dev/zero', 1_000_000)).rejects.toMatchObject({
      code: 'too_large',
      message: '/dev/zero is over the limit of 976.6 KiB',
    })
  })

  it.runIf(process.platform === 'linux')(
    'is read whole where its size is said to be 0',
    async () => {
      const version = await text('/proc/version', 10_000)
      expect(version).toMatch(/^Linux version .*\n$/)
      await expect(read('/proc/version', 5)).rejects.toMatchObject({ code: 'too_large' })
    },
  )

  it('is named and left out among other files: a pipe, a socket, a device', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const socket = join(folder, 'socket')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    const rows = [
      [pipe, `${pipe} is a pipe, which is read only if it is the only file`],
      [socket, `${socket} is a socket, which can't be read`],
      ['/dev/zero', '/dev/zero is a device, which is read only if it is the only file'],
    ] as const
    for (const [path, message] of rows) {
      await expect(read(path, 5, false)).rejects.toMatchObject({ code: 'failed', message })
    }
    await expect(read(socket, 5)).rejects.toMatchObject({ message: rows[1][1] })
    server.close()
  })

  it('is read when it is a pipe alone, after a word about it', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    let told = ''
    const body = read(pipe, 100, true, (words) => {
      told = words
      writeFileSync(pipe, 'late')
    })
    expect(Buffer.from(await body).toString()).toBe('late')
    expect(told).toBe(`Reading ${pipe}: waiting for its end`)
  })
})
