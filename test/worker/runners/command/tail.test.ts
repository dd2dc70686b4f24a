/** The last of what a command wrote. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { keptText, lastLines } from '../../../../src/worker/runners/command/tail.ts'

const folder = mkdtempSync(join(tmpdir(), 'tm-tail-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(content: string | Uint8Array): string {
  const file = join(folder, 'said')
  writeFileSync(file, content)
  return file
}

it('is kept as it is, up to 64 KiB, and begins with a whole character', () => {
  expect(keptText(fileWith('a\r\n\u001b[31mb'))).toEqual({ text: 'a\r\n\u001b[31mb', bytes: 9 })
  // Two bytes each: the cut is in the middle of one.
  const long = keptText(fileWith(`${'é'.repeat(40_000)}.`))
  expect(long.bytes).toBe(80_001)
  expect(long.text).toBe(`${'é'.repeat(32_767)}.`)
  // Whatever the bytes are, a node takes the text.
  const bytes = keptText(fileWith(new Uint8Array(70_000).fill(0x80)))
  expect(bytes.text.length).toBeLessThanOrEqual(65_536)
  expect(keptText(join(folder, 'none'))).toEqual({ text: '', bytes: 0 })
})

it('is shown without what a terminal would act on', () => {
  expect(lastLines(fileWith('one\n 10 %\r 20 %\r\u001b[1m 30 %\u001b[0m\n\n'))).toBe('one\n 30 %')
  expect(lastLines(fileWith('x\n'.repeat(50))).split('\n')).toHaveLength(20)
})
