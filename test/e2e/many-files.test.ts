/**
 * Large files in and out through two nodes: what a node, a worker and the command line hold in memory
 * does not grow with how many there are.
 */
import { createHash, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { usageOf } from '../soak/proc.ts'
import { it } from './harness.ts'

/** By hand with more, such as TM_MANY_FILES=1000, which is 20 GB in, 20 GB out and 20 GB in the nodes. */
const count = Number(process.env.TM_MANY_FILES ?? 24)
const size = 20_000_000
/** MiB that the peak of the second half may be above that of the first: what a few files take. */
const slack = 100
/** MiB that no process may have, however many files there are. */
const most = 700

interface Peaks {
  first: number
  second: number
}

/** The peak of the memory of each process, before and after the half of the work. */
function watchMemory(
  processes: () => Promise<{ pid: number; id: string }[]>,
  isHalf: () => boolean,
) {
  const peaks = new Map<string, Peaks>()
  let watching = true
  async function look(): Promise<void> {
    while (watching) {
      for (const { pid, id } of await processes()) {
        const { memory } = usageOf(pid) ?? { memory: 0 }
        const peak = peaks.get(id) ?? { first: 0, second: 0 }
        const half = isHalf() ? 'second' : 'first'
        peaks.set(id, { ...peak, [half]: Math.max(peak[half], memory) })
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const looking = look()
  return async (): Promise<ReadonlyMap<string, Peaks>> => {
    watching = false
    await looking
    return peaks
  }
}

it(`${count} files of 20 MB, with memory flat`, { timeout: 1_800_000 }, async ({ box }) => {
  const cluster = box.cluster('e2e-many-files')
  const file = box.file('file-0', randomBytes(size))
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  // All the same bytes: only their names take room here.
  const names = Array.from({ length: count }, (_, n) => `file-${n}`)
  const inputs = names.map((name) => join(box.dataDir, 'files', name))
  for (const input of inputs.slice(1)) linkSync(file, input)
  const to = join(box.dataDir, 'out')
  mkdirSync(to)
  await cluster.up('--nodes', '2', '--max-workers', '1')

  const began = performance.now()
  const args = [
    'run',
    'cat {in} > {out}',
    '--out',
    '{name}.out',
    '--to',
    to,
    '--no-canary',
    '--json',
  ]
  const run = cluster.spawn([...args, ...inputs])
  const all = async () => [...(await cluster.processes()), { pid: run.pid, id: 'tm run' }]
  const stop = watchMemory(all, () => readdirSync(to).length > count / 2)
  const ran = await run.ended
  const peaks = await stop()
  expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 })
  const seconds = (performance.now() - began) / 1000
  const table = [...peaks].map(
    ([id, { first, second }]) => `${id}: ${first.toFixed(0)}, ${second.toFixed(0)}`,
  )
  process.stderr.write(
    `${count} files in ${seconds.toFixed(1)} s; MiB at most: ${table.join('; ')}\n`,
  )
  for (const name of names) {
    const bytes = readFileSync(join(to, `${name}.out`))
    expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256)
  }
  for (const [id, { first, second }] of peaks) {
    expect(second, `${id}: ${table.join('; ')}`).toBeLessThan(Math.max(first, 100) + slack)
    expect(Math.max(first, second), id).toBeLessThan(most)
  }
})
