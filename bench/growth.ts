/** What the store costs as it grows: each size in a process of its own, so that its memory counts. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Grown, sizes } from './growth-process.ts'
import type { Row } from './table.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./growth-process.ts', import.meta.url))

export async function growth(): Promise<Row[]> {
  const found: Grown[] = []
  for (const size of sizes) {
    const { stdout } = await run(process.execPath, [program, String(size)])
    found.push(JSON.parse(stdout) as Grown)
  }
  const [first] = found
  const base = { bench: 'growth' }
  return found.flatMap((grown): Row[] => {
    const at = `at ${grown.size.toLocaleString('en-US')} queued`
    const ratio = grown.claim / (first?.claim ?? Number.NaN)
    const last = grown.size === sizes.at(-1)
    return [
      { ...base, what: `claim of 100, ${at}`, value: grown.claim, unit: 'ms' },
      {
        ...{ ...base, what: `claim, ÷ at ${sizes[0]}`, value: ratio, unit: '×', less: true },
        ...(last ? { floor: 1.3, aim: 1.1 } : {}),
      },
      { ...base, what: `enqueue of 1, ${at}`, value: grown.enqueue, unit: 'ms' },
      { ...base, what: `stats (health), ${at}`, value: grown.stats, unit: 'ms' },
      { ...base, what: `results (pull 20), as many succeeded`, value: grown.results, unit: 'ms' },
      {
        ...{ ...base, what: `memory of the process, ${at}`, value: grown.memory / 1e6, unit: 'MB' },
        ...(last ? { less: true, floor: 300, aim: 150 } : {}),
      },
      {
        ...{ ...base, what: `open and resume, ${at}`, value: grown.open / 1000, unit: 's' },
        ...(last ? { less: true, floor: 5, aim: 1 } : {}),
      },
    ]
  })
}
