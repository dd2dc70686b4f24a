import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shorten } from '../../../../src/worker/runners/command/shorten.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-shorten-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function shortened(text: string, maxBytes: number) {
  const file = join(folder, 'said')
  writeFileSync(file, text)
  const { path, leftOut } = await shorten(file, maxBytes, join(folder, 'shorter'))
  return { text: readFileSync(path, 'utf8'), leftOut }
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}\n`).join('')

describe('what a command wrote', () => {
  it('is kept as it is up to the limit', async () => {
    expect(await shortened('x'.repeat(100), 100)).toEqual({ text: 'x'.repeat(100), leftOut: 0 })
    expect(await shortened('', 1)).toEqual({ text: '', leftOut: 0 })
  })

  it('is kept from its beginning and its end beyond that, in whole lines', async () => {
    const text = lines(100, 999)
    const { text: kept, leftOut } = await shortened(text, 50)
    expect(kept).toBe(`${lines(100, 101)}… 7.9 KiB left out …\n${lines(998, 999)}`)
    expect(leftOut).toBe(text.length - 2 * lines(1, 2).length - 2 * 4 + 1)
  })

  it('may be one long line of any characters, none of which is torn', async () => {
    const { text } = await shortened('日本語'.repeat(100), 50)
    expect(text).toMatch(/^(日|本|語){7,8}\n… .* left out …\n(日|本|語){7,8}$/)
  })

  it('has its beginning, its end, and the rest in the count, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 1, max: 200 }),
        async (text, maxBytes) => {
          const kept = await shortened(text, maxBytes)
          if (Buffer.byteLength(text) <= maxBytes) expect(kept).toEqual({ text, leftOut: 0 })
          else {
            const [head = '', tail = ''] = kept.text.split(/\n… [^…]* left out …\n/)
            expect(text.startsWith(head) && text.endsWith(tail)).toBe(true)
            const bytes = Buffer.byteLength(head) + Buffer.byteLength(tail)
            expect(bytes).toBeLessThanOrEqual(maxBytes)
            expect(bytes + kept.leftOut).toBe(Buffer.byteLength(text))
          }
        },
      ),
    )
  })
})
