/**
 * What creates, lists and destroys machines. A machine is a node or a worker: a process of this
 * computer (`local.ts`) or an EC2 instance. Whatever the provider says exists, exists; files of ours
 * are a cache.
 */
export type MachineKind = 'node' | 'worker'

export interface Machine {
  id: string
  kind: MachineKind
  cluster: string
  /** For a worker: the node that launched it. */
  node?: string
  /** Only where machines are local processes. */
  pid?: number
  /** Only where machines are not this one: what the cloud calls it, and its private address. */
  instance?: string
  address?: string
  /** Wall-clock milliseconds since the epoch. */
  launchedAt: number
}

/** What a machine shall run, as arguments of `tm` after `node serve` or `worker run`. */
export interface LaunchSpec {
  id: string
  kind: MachineKind
  node?: string
  args: string[]
  /** A folder of the machine's own, where the local provider puts its log. */
  folder: string
}

export interface Provider {
  /**
   * Every machine of this cluster that exists now, whoever launched it; not those that are on their
   * way out and can't be stopped from ending.
   */
  list(): Promise<Machine[]>

  /**
   * Launches a machine. Idempotent by id: where one with this id exists, that one is the answer.
   * Throws `failed` when the machine could not be made; then it does not exist.
   */
  launch(spec: LaunchSpec): Promise<Machine>

  /**
   * Asks the machine to stop, and makes it stop after `grace` milliseconds, or after what the cloud
   * thinks right. Answers when it is gone; at once when it does not exist.
   */
  terminate(id: string, options: { grace: number }): Promise<void>

  /** Why a machine that `list` has seen end did so, where that is known. */
  whyEnded(id: string): Promise<string | undefined>
}
