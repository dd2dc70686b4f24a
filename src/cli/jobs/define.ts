/** Makes a job from what the user asked for: the command, with all names of its outputs. Pure. */
import { TmError } from '../../core/errors.ts'
import { isOneCpu, type Resources } from '../../core/resources.ts'
import { maxValuesBytes } from '../../kinds/command/command.ts'
import type { Job } from '../../kinds/command/job.ts'
import {
  fill,
  namesIn,
  type Placeholder,
  parseTemplate,
  type Template,
} from '../../kinds/command/placeholders.ts'
import type { SharedFile } from '../../kinds/command/shared.ts'
import { compileShellLine } from '../../kinds/command/shell-line.ts'
import { namesOfValues, type TaskValues } from './values.ts'

export interface Wanted {
  /** A shell line, or a program and its arguments. */
  command: { line: string } | { argv: string[] }
  outputs: string[]
  optionalOutputs: string[]
  stdout?: string | undefined
  stderr?: string | undefined
  env: Record<string, string>
  needs: Resources
  /** What all tasks share. */
  shared?: SharedFile[]
  limits: Pick<Job, 'okExit' | 'retries' | 'grace' | 'maxOutput'> &
    Partial<Pick<Job, 'memoryUpTo' | 'retryOn' | 'timeout' | 'maxStdout'>>
}

/** Placeholders that the worker fills in. */
const onlyWorker: Placeholder[] = ['task', 'attempt']

export interface Defined {
  job: Job
  /** For each task, the values that its command and its outputs need. */
  tasks: TaskValues[]
}

export function defineJob(wanted: Wanted, tasks: TaskValues[], jobNumber: number): Defined {
  const { needs } = wanted
  const ofJob: Partial<Record<Placeholder, string>> = {
    job: String(jobNumber),
    cpus: String(needs.cpus),
    ...(needs.memory > 0 ? { memory: String(needs.memory) } : {}),
  }
  const known = new Set([...namesOfValues(tasks), ...Object.keys(ofJob), ...onlyWorker])
  const outputs = [
    ...wanted.outputs.map((text) => ({ name: parseTemplate(text, known) })),
    ...wanted.optionalOutputs.map((text) => ({ name: parseTemplate(text, known), optional: true })),
  ]
  const [first] = outputs
  const [task] = tasks
  const lists = new Set(task?.files ? ['in'] : [])
  const inCommand = new Set([...known, ...lists, ...(first ? ['out'] : [])])
  const { run, names } = compile(wanted.command, inCommand, lists)
  if (task?.files && !names.includes('in')) throw withoutFiles()
  if (task?.inPlace && !names.includes('in')) throw withoutPath()
  const streams = {
    ...(wanted.stdout === undefined ? {} : { stdout: parseTemplate(wanted.stdout, known) }),
    ...(wanted.stderr === undefined ? {} : { stderr: parseTemplate(wanted.stderr, known) }),
  }
  const templates = [...outputs.map(({ name }) => name), ...Object.values(streams)]
  const readsFile = names.some((name) => fromInput.has(name))
  const input = inputOf(task, readsFile)
  const needed = new Set([...names, ...templates.flatMap(namesIn)]).difference(lists)
  if (input === 'file') needed.add('name')
  return {
    job: {
      run,
      input,
      env: wanted.env,
      ...(wanted.shared && wanted.shared.length > 0 ? { shared: wanted.shared } : {}),
      outputs,
      ...streams,
      ...(isOneCpu(needs) ? {} : { needs }),
      ...wanted.limits,
    },
    tasks: tasks.map((task) => {
      const values: Record<string, string> = { ...task.values, ...ofJob }
      if (first && needed.has('out')) values.out = fillKnown(first.name, values)
      requireAll(values, needed)
      const sent = pick(values, needed)
      refuseLong(sent, values.n)
      return { ...task, values: sent }
    }),
  }
}

const fromInput: ReadonlySet<string> = new Set<Placeholder>(['in', 'name'])

/** A command that does not name its only input is a filter: it reads it from stdin. */
function inputOf(task: TaskValues | undefined, readsFile: boolean): Job['input'] {
  if (task?.files) return 'files'
  if (task?.file === undefined || task.inPlace) return 'none'
  return readsFile ? 'file' : 'stdin'
}

function withoutFiles(): TmError {
  return new TmError('invalid', 'With --per-task a command must say where its files go', {
    suggestions: ['Write {in} there: it becomes as many arguments'],
  })
}

function withoutPath(): TmError {
  return new TmError(
    'invalid',
    'With --in-place a command must say where the path of its file goes',
    {
      suggestions: ["Write {in} there, such as 'wc -l < {in}'"],
    },
  )
}

/** `lists`: the placeholders that stand for several arguments. */
function compile(
  command: Wanted['command'],
  known: ReadonlySet<string>,
  lists: ReadonlySet<string>,
) {
  if ('line' in command) {
    const { script, names } = compileShellLine(command.line, known, lists)
    return { run: { script }, names }
  }
  const argv = command.argv.map((text) => parseTemplate(text, known))
  for (const template of argv) refuseJoinedList(template, lists)
  return { run: { argv }, names: argv.flatMap(namesIn) }
}

function refuseJoinedList(template: Template, lists: ReadonlySet<string>): void {
  const list = namesIn(template).find((name) => lists.has(name))
  if (list === undefined || template.length === 1) return
  throw new TmError('invalid', `{${list}} is several arguments: it must be a word of its own`)
}

function fillKnown(template: Template, values: Record<string, string>): string {
  const unknown = namesIn(template).find((name) => values[name] === undefined)
  if (unknown !== undefined) {
    throw new TmError('invalid', `{out} can't have {${unknown}} in it: it is not known beforehand`)
  }
  return fill(template, values)
}

/** Objects of `--each-json` need not all have the same keys, but those that the command needs. */
function requireAll(values: Record<string, string>, needed: ReadonlySet<string>): void {
  const missing = [...needed].find((name) => values[name] === undefined && !late.has(name))
  if (missing === undefined) return
  throw new TmError('invalid', `Task ${values.n} has no value for {${missing}}`)
}

/** A node would refuse them, but only when the job and some of its tasks are there. */
function refuseLong(values: Record<string, string>, n: string | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(values))
  if (bytes <= maxValuesBytes) return
  const what = `The values of task ${n} have ${bytes} bytes, over the limit of ${maxValuesBytes}`
  throw new TmError('invalid', what, {
    suggestions: ['Put long values into files, and give those as the inputs'],
  })
}

/** What only the worker knows. */
const late: ReadonlySet<string> = new Set<Placeholder>(['task', 'attempt'])

function pick(values: Record<string, string>, names: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)))
}
