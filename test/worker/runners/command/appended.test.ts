/** What was appended to the streams of a running command. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { appended } from '../../../../src/worker/runners/command/appended.ts'

const folder = mkdtempSync(join(tmpdir(), 'tm-appended-'))
afterAll(() => rmSync(folder, { recursive: true }))

const files = { stdout: join(folder, 'out'), stderr: join(folder, 'err') }
const write = (out: string | Uint8Array, err = '') => {
  writeFileSync(files.stdout, out)
  writeFileSync(files.stderr, err)
}

it('is what comes after an offset, of both streams', () => {
  write('one\n', 'bad\n')
  expect(appended(files, {}, false)).toEqual([
    { stream: 'stdout', from: 0, to: 4, text: 'one\n' },
    { stream: 'stderr', from: 0, to: 4, text: 'bad\n' },
  ])
  appendFileSync(files.stdout, 'two\n')
  expect(appended(files, { stdout: 4, stderr: 4 }, false)).toEqual([
    { stream: 'stdout', from: 4, to: 8, text: 'two\n' },
  ])
  expect(appended({ stdout: 'none', stderr: 'none' }, {}, true)).toEqual([])
})

it('is the newest 64 KiB, from a whole character on', () => {
  write(`${'é'.repeat(50_000)}.`)
  const [piece] = appended(files, {}, false)
  expect(piece).toMatchObject({ from: 100_001 - 65_535, to: 100_001 })
  expect(piece?.text).toBe(`${'é'.repeat(32_767)}.`)
  expect(appended(files, { stdout: 100_000 }, false)).toMatchObject([{ text: '.' }])
  // Whatever the bytes are, a node takes the text.
  write(new Uint8Array(100_000).fill(0xff))
  expect(appended(files, {}, false)[0]?.text.length).toBeLessThanOrEqual(65_536)
})

it.each(['é', '語', '🙂'])('waits for the rest of %s, unless it is the last piece', (character) => {
  const bytes = Buffer.from(`a${character}`)
  for (let end = 2; end < bytes.length; end += 1) {
    write(bytes.subarray(0, end))
    expect(appended(files, {}, false)).toMatchObject([{ from: 0, to: 1, text: 'a' }])
    expect(appended(files, {}, true)[0]?.to).toBe(end)
  }
  write(bytes)
  expect(appended(files, {}, false)).toMatchObject([{ text: `a${character}` }])
})

it('begins anew with a file that has become shorter', () => {
  write('short')
  expect(appended(files, { stdout: 500 }, false)).toMatchObject([{ from: 0, text: 'short' }])
})
