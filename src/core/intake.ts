/**
 * How a node takes new tasks, by how full its disk is: tasks that are there need the rest of it for
 * their outputs and results. Pure.
 */
import { formatBytes } from './bytes.ts'
import type { Settings } from './settings.ts'
import { suggest, tm } from './suggestions.ts'

type Kept = Pick<Settings, 'keepFor' | 'keepMost'>

/** closed: new tasks are refused, while results and outputs still have room. */
export const intakes = ['open', 'slow', 'closed'] as const
export type Intake = (typeof intakes)[number]

/** Bytes. What the node's own files will use again counts as free. */
export interface DiskSpace {
  free: number
  size: number
}

/** A part of the disk, but of a large one no more bytes than that. */
interface Reserve {
  part: number
  bytes: number
}

const gib = 1024 ** 3
/** It begins when less than this is free, and ends only when some more is: else it would flutter. */
const slow = { begins: { part: 0.15, bytes: 10 * gib }, ends: { part: 0.2, bytes: 13 * gib } }
const closed = { begins: { part: 0.05, bytes: gib }, ends: { part: 0.07, bytes: 1.4 * gib } }

/** Bytes in a second, when a slow intake begins, and just before it closes. */
const fastest = 16 * 1024 ** 2
const slowest = 1024 ** 2

/** How long results of jobs that were pulled are kept at the most, while the intake is not open. */
const keepPulledMs = { slow: 10 * 60_000, closed: 60_000 }

const within = ({ part, bytes }: Reserve, { free, size }: DiskSpace) =>
  free < Math.min(part * size, bytes)

export function nextIntake(before: Intake, disk: DiskSpace): Intake {
  const isClosed = within(before === 'closed' ? closed.ends : closed.begins, disk)
  if (isClosed) return 'closed'
  return within(before === 'open' ? slow.begins : slow.ends, disk) ? 'slow' : 'open'
}

/** Of a slow intake, in a second: the less is free, the less. */
export function slowRate({ free, size }: DiskSpace): number {
  const least = Math.min(closed.begins.part * size, closed.begins.bytes)
  const most = Math.min(slow.begins.part * size, slow.begins.bytes)
  const share = Math.min(1, Math.max(0, (free - least) / (most - least)))
  return slowest + share * (fastest - slowest)
}

/** What is kept of what has ended: pulled results go early to make room. Milliseconds. */
export function retentionIn(intake: Intake, { keepFor, keepMost }: Kept) {
  const keepPulledFor = intake === 'open' ? keepFor : Math.min(keepFor, keepPulledMs[intake])
  return { keepFor, keepMost, keepPulledFor }
}

/** What the owner of a full node can do. */
export const whatFrees = suggest`Make room: ${tm('pull', {}, 'JOB')} brings outputs here, and what was pulled is then removed`

/** What tasks take of a disk, about. */
export function sizeOnDisk(tasks: { body: Uint8Array }[]): number {
  return tasks.reduce((sum, { body }) => sum + body.length + 200, 0)
}

const effects: Record<Exclude<Intake, 'open'>, string> = {
  slow: 'it takes new tasks slowly',
  closed: 'it takes no new tasks',
}

/**
 * `its disk is 87 % full (1.0 GiB free): it takes new tasks slowly`. `whose`: its, or node-1's. Undefined
 * if the intake is open.
 */
export function describeIntake(
  whose: string,
  { intake, free, size }: DiskSpace & { intake: Intake },
): string | undefined {
  if (intake === 'open') return undefined
  const full = `${Math.floor((1 - free / size) * 100)} % full (${formatBytes(free)} free)`
  return `${whose} disk is ${full}: ${effects[intake]}`
}
