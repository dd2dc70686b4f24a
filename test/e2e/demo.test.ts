/** The command of the README's first minute. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { it } from './harness.ts'

describe('tm demo', () => {
  it('is right, and leaves nothing behind', { timeout: 180_000 }, async ({ box }) => {
    const folder = join(box.dataDir, 'tmp')
    mkdirSync(folder)
    const demo = box.tm(['demo'], { TMPDIR: folder })
    const { code, stdout, stderr } = await demo.ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout.trim().split('\n').at(-1)).toMatch(
      /^200 of 200 results and 40 outputs of commands are correct, no process is left\. \d+\.\d s\.$/,
    )
    expect(readdirSync(folder)).toEqual([])
    expect(await box.processes()).toEqual([])
  })
})
