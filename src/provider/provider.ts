/**
 * What launches, lists and terminates machines. A machine is a node or a worker: a process of this
 * computer or an EC2 instance. What the provider lists exists; our files are only a cache.
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
  /** Only in a cloud: its id there, and its private address. */
  instance?: string
  address?: string
  /** Wall-clock milliseconds since the epoch. */
  launchedAt: number
}

export type LaunchSpec =
  | { kind: 'node'; id: string }
  /** `url`: the node that launches it. `token`: for joining that node. */
  | { kind: 'worker'; id: string; node: string; url: string; token: string }

/** Milliseconds. */
export interface StartTimes {
  /** From the call that launches a machine to its first request for work. */
  boot: number
  /** The part of it that is not paid for. */
  pending: number
  /** Between two launches. */
  gap: number
  /** A machine that ends sooner costs as much. */
  leastPaid: number
}

export interface Provider {
  /**
   * How long to wait between two calls of `list`: while machines start or end, and while nothing
   * changes. Not at all, if undefined.
   */
  readonly looks?: { changingMs: number; quietMs: number }

  /** How long its machines take to start, until some have. Like processes, if undefined. */
  readonly starts?: StartTimes

  /**
   * Every machine of this cluster that exists now, whoever launched it, except machines that are
   * already terminating.
   */
  list(): Promise<Machine[]>

  /**
   * Launches a machine, or returns the existing machine with this id. Throws `failed` if the machine
   * could not be launched; then it does not exist.
   */
  launch(spec: LaunchSpec): Promise<Machine>

  /**
   * Asks the machine to stop, and forces it to after `graceMs`, or after the time that the cloud
   * chooses. Resolves when the machine is gone; at once if it does not exist.
   */
  terminate(id: string, options: { graceMs: number }): Promise<void>

  /** Why a machine ended, if `list` has noticed its end and the reason is known. */
  whyEnded(id: string): Promise<string | undefined>
}
