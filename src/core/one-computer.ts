/**
 * Settings of nodes whose workers share one computer with them: defaults that fit its cores, what is
 * more than sensible, and what would bring it to a standstill. Workers on machines of their own have
 * no such limits.
 */
import { TmError } from './errors.ts'
import type { Settings } from './settings.ts'
import { number, pluralize } from './text.ts'

export interface Computer {
  cores: number
  /** The nodes that share the cores. */
  nodes: number
}

type Load = Pick<Settings, 'maxWorkers' | 'slots'>

/** Tasks may also wait for a disk or a network, so that more of them than cores can be useful. */
const mostPerCore = 16
/** Even of many nodes each may have this many. */
const mostAtLeast = 16
/** Above this many tasks for each core people are told. */
const sensiblePerCore = 2

/** As many workers as cores, and soon: a process starts in less than a second. */
export function localDefaults(computer: Computer): Pick<Settings, 'maxWorkers' | 'scaleAfter'> {
  return { maxWorkers: workersFor(computer), scaleAfter: 1000 }
}

/** Throws `invalid` for a node that could run more tasks at once than its computer can bear. */
export function refuseOverload(load: Load, computer: Computer): void {
  const most = Math.max(mostAtLeast, Math.floor((mostPerCore * computer.cores) / computer.nodes))
  if (load.maxWorkers * load.slots <= most) return
  const message = `${describe(load)} a node would run ${number(load.maxWorkers * load.slots)} tasks at once`
  throw new TmError('invalid', `${message}, and this computer has ${cores(computer)}`, {
    suggestions: [
      `At most ${most} are possible: the product of maxWorkers and slots`,
      sensible(load, computer),
    ],
  })
}

/** What to tell somebody whose settings are possible, but more than sensible; undefined if not so. */
export function describeOverload(load: Load, computer: Computer): string | undefined {
  const tasks = load.maxWorkers * load.slots * computer.nodes
  if (tasks <= sensiblePerCore * computer.cores) return undefined
  return `Note: up to ${number(tasks)} tasks at once on ${cores(computer)}. ${sensible(load, computer)}.`
}

function sensible({ slots }: Load, computer: Computer): string {
  const workers = Math.max(1, Math.ceil(workersFor(computer) / slots))
  return `For work that needs the processor, --max-workers ${workers} is as fast`
}

function workersFor({ cores, nodes }: Computer): number {
  return Math.max(1, Math.ceil(cores / nodes))
}

function describe({ maxWorkers, slots }: Load): string {
  return `With ${pluralize(maxWorkers, 'worker')} of ${pluralize(slots, 'slot')}`
}

function cores({ cores }: Computer): string {
  return pluralize(cores, 'core')
}
