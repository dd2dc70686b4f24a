/** One task: its input, if it has one, and its values by placeholder. */
export interface TaskValues {
  file?: string
  /** The inputs of a task that has several, with `--per-task`. */
  files?: string[]
  /** The command reads the file itself, where it is: nothing is copied. */
  inPlace?: true
  values: Record<string, string>
}

export function inputsOf({ file, files }: TaskValues): string[] {
  return files ?? (file === undefined ? [] : [file])
}

/** The input, for people; undefined if there is none. */
export function inputName(task: TaskValues): string | undefined {
  const [first, ...more] = inputsOf(task)
  return more.length > 0 ? `${first} and ${more.length} more` : first
}
