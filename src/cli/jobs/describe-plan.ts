/** What `tm run --dry-run` shows: the first commands as they would run, and where their outputs go. */
import { formatBytes } from '../../core/bytes.ts'
import { describeResources } from '../../core/resources.ts'
import { pluralize } from '../../core/text.ts'
import { placeInputs } from '../../kinds/command/input-files.ts'
import { fill } from '../../kinds/command/placeholders.ts'
import { commandOf, quote, shownName } from './filled-in.ts'
import type { RunPlan } from './run.ts'
import { targetOf } from './targets.ts'
import { inputName, inputsOf, type TaskValues } from './values.ts'

const shown = 3

/** `sizes`: bytes of the input files that can be read. */
export function describeRunPlan(plan: RunPlan, sizes: ReadonlyMap<string, number>): string {
  const { tasks } = plan
  const total = tasks.reduce((sum, task) => sum + (sizeOf(task, sizes) ?? 0), 0)
  const { needs, memoryUpTo } = plan.definition.job
  const growth = memoryUpTo === undefined ? '' : ` (up to ${formatBytes(memoryUpTo)} of memory)`
  const each = needs ? `, each needs ${describeResources(needs)}${growth}` : ''
  const title = `${pluralize(tasks.length, 'task')}, ${formatBytes(total)} of input${each}. Nothing was sent.`
  const rows = tasks.slice(0, shown).map((_, index) => describeTask(plan, index, sizes))
  const more = tasks.length - rows.length
  return [title, ...rows, ...(more > 0 ? [`and ${pluralize(more, 'task')} more`] : [])].join('\n\n')
}

function describeTask(
  { definition, tasks, all, folder }: RunPlan,
  index: number,
  sizes: ReadonlyMap<string, number>,
): string {
  const { job, printsStdout } = definition
  const task: TaskValues = tasks[index] ?? { values: {} }
  const { values } = task
  const [name, size] = [inputName(task), sizeOf(task, sizes)]
  const known = size === undefined ? [] : [formatBytes(size)]
  const input = name === undefined ? '' : `  ${[name, ...known].join(', ')}`
  const stdin = job.input === 'stdin' ? ' < input' : ''
  const place = fill(folder, all[index]?.values ?? {})
  const names = [...job.outputs.map(({ name }) => name), job.stdout, job.stderr]
  const outputs = printsStdout
    ? ['  → stdout, shown here']
    : names.flatMap((name) => (name ? [`  → ${targetOf(place, shownName(name, values))}`] : []))
  return [
    `task ${index + 1}${input}`,
    `  ${commandOf(job.run, values, listOf(task))}${stdin}`,
    ...outputs,
  ].join('\n')
}

/** Of its inputs that can be read; undefined if none can. */
function sizeOf(task: TaskValues, sizes: ReadonlyMap<string, number>): number | undefined {
  const known = inputsOf(task).flatMap((file) => sizes.get(file) ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, size) => sum + size, 0)
}

const shownInputs = 5

/** The arguments that `{in}` stands for, as somebody would type them; undefined if it is one value. */
function listOf({ files, inPlace }: TaskValues): string | undefined {
  if (!files) return undefined
  const given = inPlace ? files : placeInputs(files).map(({ argument }) => argument)
  const names = given.map(quote)
  return [...names.slice(0, shownInputs), ...(names.length > shownInputs ? ['…'] : [])].join(' ')
}
