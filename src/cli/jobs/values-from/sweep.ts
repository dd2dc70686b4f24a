/** The values of `--sweep`: every combination, or with `--zip` the first with the first, and so on. */
import { TmError } from '../../../core/errors.ts'
import { requireKey } from './key.ts'
import { maxTasks } from './limits.ts'
import type { TaskValues } from './task-values.ts'

interface Sweep {
  key: string
  values: string[]
}

/** `texts`: `lr=0.1,0.01`, `seed=1..5`. Throws `invalid`. */
export function sweepTasks(texts: string[], zip: boolean): TaskValues[] {
  const sweeps = texts.map(readSweep)
  const twice = sweeps.find(({ key }, at) => sweeps.findIndex((one) => one.key === key) < at)
  if (twice) throw new TmError('invalid', `--sweep ${twice.key} is given twice`)
  return zip ? pairs(sweeps) : product(sweeps)
}

function readSweep(text: string): Sweep {
  const at = text.indexOf('=')
  if (at === -1) {
    throw new TmError('invalid', `--sweep must be NAME=VALUES, such as lr=0.1,0.01: not "${text}"`)
  }
  const key = text.slice(0, at)
  requireKey(key, `--sweep ${text.slice(0, 60)}`)
  const given = text.slice(at + 1)
  const range = /^(\d+)\.\.(\d+)$/.exec(given)
  if (!range) return { key, values: given.split(',') }
  const [from, to] = [Number(range[1]), Number(range[2])]
  if (to < from || to - from >= maxTasks) {
    throw new TmError('invalid', `--sweep ${text}: the range must go up`)
  }
  return { key, values: Array.from({ length: to - from + 1 }, (_, n) => String(from + n)) }
}

/** Every value of the first with every value of the others; the last one changes fastest. */
function product(sweeps: Sweep[]): TaskValues[] {
  const total = sweeps.reduce((count, { values }) => count * values.length, 1)
  if (total > maxTasks) throw new TmError('invalid', `The sweep has ${total} tasks: too many`)
  return sweeps.reduce<TaskValues[]>(
    (tasks, { key, values }) =>
      tasks.flatMap((task) =>
        values.map((value) => ({ values: { ...task.values, [key]: value } })),
      ),
    [{ values: {} }],
  )
}

function pairs(sweeps: Sweep[]): TaskValues[] {
  const lengths = new Set(sweeps.map(({ values }) => values.length))
  if (lengths.size > 1) {
    const each = sweeps.map(({ key, values }) => `${key} has ${values.length}`).join(', ')
    throw new TmError('invalid', `--zip needs as many values of each: ${each}`, {
      suggestions: ['Without --zip every combination runs'],
    })
  }
  const [count = 0] = lengths
  return Array.from({ length: count }, (_, at) => ({
    values: Object.fromEntries(sweeps.map(({ key, values }) => [key, values[at] as string])),
  }))
}
