/** What the API and commands show with a task: values by name, or names in a group of their own. */
export type Fields = Record<string, string | number | Record<string, string>>

/**
 * A kind of work: its parameters, the cost of a task, and how to show a result. Pure; runners in
 * `worker/runners` execute tasks. Queue and store do not depend on kinds.
 */
export interface Kind<Spec = never> {
  /** Checks received parameters. Throws `invalid`. */
  parse(given: unknown): Spec
  /** The cost of a task with a body of `size` bytes, in units that the kind chooses. */
  cost(spec: Spec, size: number): number
  /** The parameters that the API and commands show with a task. */
  fields(spec: Spec): Fields
  /** The parameters in words. */
  describe(spec: Spec): string
  /** Equal for equal work. `--resume` recognises a task by this key and its file. */
  key(spec: Spec): string
  /** The result as the API shows it: as text, and what else it holds. */
  showResult(result: Uint8Array): { result: string } & Record<string, unknown>
}

/** A kind whose spec type is unknown to the caller. */
export type AnyKind = Kind<unknown>
