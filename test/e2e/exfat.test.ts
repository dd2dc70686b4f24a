/** A data directory on a disk without hard links and modes: refused before a secret is on it, or it works. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext } from 'vitest'
import { mountExfat } from './exfat.ts'
import { type Box, it, tmFile } from './harness.ts'

/** Gives the test a disk whose files all have the same mode, which nobody can change. */
async function onExfat(
  box: Box,
  umask: string,
  context: Pick<TestContext, 'skip'>,
  use: (folder: string, tm: (...args: string[]) => ReturnType<typeof start>) => Promise<void>,
): Promise<void> {
  const disk = mountExfat(box.dataDir, umask)
  if ('why' in disk) {
    const reason = `NOT TESTED: a disk without hard links and modes: ${disk.why}`
    process.stderr.write(`SKIPPED ${reason}\n`)
    return context.skip(reason)
  }
  const dataDir = join(disk.folder, 'data')
  try {
    await use(disk.folder, (...args) => start(box, dataDir, args))
  } finally {
    await start(box, dataDir, ['down', '--yes'])
    disk.remove()
  }
}

const start = async (box: Box, dataDir: string, args: string[]) =>
  await box.start([process.execPath, tmFile, ...args], { TM_DATA_DIR: dataDir }).ended

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())

it('that everybody can read gets no secret', { timeout: 60_000 }, async ({ box, skip }) => {
  await onExfat(box, '022', { skip }, async (folder, tm) => {
    const up = await tm('up', '--local', '--nodes', '1')
    expect(up.code).toBe(1)
    expect(up.stderr).toMatch(
      /^Error: The file system of \S+\/exfat\/data\/clusters\/default can't keep it private: /m,
    )
    expect(up.stderr).toContain('  → Use a directory on another disk: TM_DATA_DIR=DIRECTORY\n')
    expect(filesIn(folder)).toEqual([])
  })
})

it('that only its owner can read works', { timeout: 120_000 }, async ({ box, skip }) => {
  await onExfat(box, '077', { skip }, async (folder, tm) => {
    const up = await tm('up', '--local', '--nodes', '1', '--max-workers', '1')
    expect(up, up.stderr).toMatchObject({ code: 0 })
    const file = join(folder, 'file')
    writeFileSync(file, 'a body')
    const done = await tm('enqueue', '--wait', '--iterations', '2', file)
    expect(done, done.stderr).toMatchObject({ code: 0 })
    const to = ['--out', 'counted', '--to', folder]
    const run = await tm('run', 'wc -c < {in} > {out}', file, ...to)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder, 'counted'), 'utf8').trim()).toBe('6')
    const down = await tm('down', '--yes')
    expect(down, down.stderr).toMatchObject({ code: 0 })
    const left = filesIn(folder).map(({ name }) => name)
    expect(left.sort()).toEqual(['cluster-names', 'counted', 'file'])
  })
})
