/** A computer, one boot of it, and one of its process tables: where the processes of a local cluster are. */

export interface Host {
  name: string
  /** Undefined where the system does not tell it, as are the next two: macOS tells none of them. */
  machine?: string
  /** Differs from boot to boot; the same in every container of a computer. */
  boot?: string
  /** The PID namespace. Each has a process table of its own, and containers have one each. */
  pidNamespace?: string
}

/** `namespace`: on this computer, in another process table. `host`: on another computer. */
export type Whereabouts = 'here' | 'namespace' | 'host'

/**
 * Where processes that were started at `then` are, seen from `here`. An earlier boot of this computer
 * counts as here: its processes are gone, and our process table says so. Two computers that tell
 * nothing about themselves count as one: a name alone changes with the network.
 */
export function whereabouts(then: Host | undefined, here: Host): Whereabouts {
  if (!then) return 'here'
  if (then.boot === undefined && here.boot === undefined) return 'here'
  if (then.boot === here.boot) {
    return then.pidNamespace === here.pidNamespace ? 'here' : 'namespace'
  }
  return then.name === here.name && then.machine === here.machine ? 'here' : 'host'
}
