/** The flags of `tm run` that say what its tasks are. */
import { Flags } from '@oclif/core'

const group = { helpGroup: 'TASKS' } as const

export const valueFlags = {
  'files-from': Flags.string({
    ...group,
    description: 'read the names of the files from this file, one a line; - for standard input',
  }),
  null: Flags.boolean({
    ...group,
    description: 'names of --files-from end with NUL, as find -print0 writes them',
  }),
  'each-line': Flags.string({
    ...group,
    description: 'one task per line of this file, as {line}; - for standard input',
  }),
  columns: Flags.string({
    ...group,
    description: "split the lines of --each-line here, as {1} {2} …: ',' or '\\t'",
  }),
  header: Flags.boolean({
    ...group,
    description: 'the first line of --each-line names the columns, as {NAME}',
  }),
  'each-json': Flags.string({
    ...group,
    description:
      'one task per object of this file, as {KEY}: JSON lines, or an array; - for standard input',
  }),
  array: Flags.string({ ...group, description: 'one task per number, as {n}: 1-1000, 0-100:10' }),
  sweep: Flags.string({
    ...group,
    multiple: true,
    multipleNonGreedy: true,
    description: 'one task per combination, as {NAME}: lr=0.1,0.01 or seed=1..5; can be repeated',
  }),
  zip: Flags.boolean({
    ...group,
    description: 'pair the values of --sweep in place of every combination',
  }),
  'per-task': Flags.string({
    ...group,
    description: 'so many files per task: {in} becomes that many arguments, and {n} names the task',
  }),
  'in-place': Flags.boolean({
    ...group,
    description: 'only on this machine: {in} is the path of the file itself, and nothing is copied',
  }),
  times: Flags.string({ ...group, description: 'run everything so many times' }),
}
