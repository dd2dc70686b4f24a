/** Reading files that become tasks: all of their bytes, never more than the limit, nothing without end. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readTaskFile } from '../../src/cli/tasks/files.ts'

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

const text = async (path: string, max = 100) =>
  Buffer.from(await readTaskFile(path, max)).toString('latin1')

describe('a file', () => {
  it('is read whole, up to the limit', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
    writeFileSync(file, bytes)
    expect(Buffer.from(await readTaskFile(file, 256))).toEqual(bytes)
  })

  it('may be empty', async () => {
    writeFileSync(file, '')
    expect(await text(file)).toBe('')
  })

  it('over the limit is refused with both sizes', async () => {
    writeFileSync(file, 'x'.repeat(2049))
    await expect(readTaskFile(file, 2048)).rejects.toMatchObject({
      code: 'too_large',
      message: `${file} has 2.0 KiB, over the limit of 2 KiB`,
      suggestions: ['Split it, or raise the limit: tm up --max-body SIZE'],
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
    await expect(readTaskFile(folder, 5)).rejects.toMatchObject({
      code: 'failed',
      message: `${folder} is a directory; name its files: ${folder}/*`,
    })
  })

  it('is refused by its name when it is not there', async () => {
    const message = `${file}: there is no such file`
    await expect(readTaskFile(file, 5)).rejects.toMatchObject({ code: 'failed', message })
  })

  it('is empty when it is /dev/null', async () => {
    expect(await text('/dev/null')).toBe('')
  })

  it('is refused at the limit when it never ends', async () => {
    await expect(readTaskFile('/dev/zero', 1_000_000)).rejects.toMatchObject({
      code: 'too_large',
      message: '/dev/zero has more, over the limit of 976.6 KiB',
    })
  })

  it.runIf(process.platform === 'linux')(
    'is read whole where its size is said to be 0',
    async () => {
      const version = await text('/proc/version', 10_000)
      expect(version).toMatch(/^Linux version .*\n$/)
      await expect(readTaskFile('/proc/version', 5)).rejects.toMatchObject({ code: 'too_large' })
    },
  )
})
