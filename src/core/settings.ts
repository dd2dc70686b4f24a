/**
 * Every setting of a cluster: its flag, its environment variable, its default, and how it is read.
 * One table, so that `up`, `node serve`, the HTTP API and the README say the same.
 */
import { parseBytes, writeBytes } from './bytes.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { TmError } from './errors.ts'
import { describeRange, parseInteger } from './integers.ts'

/** Durations in milliseconds, sizes in bytes. */
export interface Settings {
  maxWorkers: number
  scaleAfter: number
  idleTimeout: number
  lease: number
  tick: number
  maxAttempts: number
  slots: number
  maxBody: number
  loan: number
  bootTimeout: number
  lostAfter: number
  keepFor: number
  keepMost: number
}

export type SettingName = keyof Settings

interface Kind {
  min: number
  max: number
  parse(text: string): number | undefined
  format(value: number): string
  wanted: string
}

export interface Setting extends Kind {
  flag: string
  env: string
  fallback: number
  summary: string
}

const hour = 3_600_000

export const settings: Record<SettingName, Setting> = {
  maxWorkers: {
    ...integer(0, 1000),
    flag: 'max-workers',
    env: 'MAX_NUM_OF_WORKERS',
    fallback: 5,
    summary: 'how many workers a node may have',
  },
  scaleAfter: {
    ...duration(0, hour),
    flag: 'scale-after',
    env: 'TM_SCALE_AFTER',
    fallback: 15_000,
    summary: 'launch another worker when the oldest task has waited longer than this',
  },
  idleTimeout: {
    ...duration(100, 24 * hour),
    flag: 'idle-timeout',
    env: 'TM_IDLE_TIMEOUT',
    fallback: 600_000,
    summary: 'a worker with nothing to do for this long stops',
  },
  lease: {
    ...duration(300, hour),
    flag: 'lease',
    env: 'TM_LEASE',
    fallback: 30_000,
    summary: 'a task whose worker has not renewed its lease for this long is queued again',
  },
  tick: {
    ...duration(20, 60_000),
    flag: 'tick',
    env: 'TM_TICK',
    fallback: 1000,
    summary: 'how often a node looks after its leases, loans and workers',
  },
  maxAttempts: {
    ...integer(1, 100),
    flag: 'max-attempts',
    env: 'TM_MAX_ATTEMPTS',
    fallback: 5,
    summary: 'a task that failed this often is failed for good',
  },
  slots: {
    ...integer(1, 256),
    flag: 'slots',
    env: 'TM_SLOTS',
    fallback: 1,
    summary: 'how many tasks a worker runs at a time',
  },
  maxBody: {
    ...size(1, 1024 ** 3),
    flag: 'max-body',
    env: 'TM_MAX_BODY',
    fallback: 64 * 1024 ** 2,
    summary: 'the largest body of a task',
  },
  loan: {
    ...duration(300, hour),
    flag: 'loan',
    env: 'TM_LOAN',
    fallback: 60_000,
    summary: 'how long a lent place stays lent without being renewed',
  },
  bootTimeout: {
    ...duration(500, hour),
    flag: 'boot-timeout',
    env: 'TM_BOOT_TIMEOUT',
    fallback: 60_000,
    summary: 'a launched worker that has not joined after this long is removed',
  },
  lostAfter: {
    ...duration(500, 24 * hour),
    flag: 'lost-after',
    env: 'TM_LOST_AFTER',
    fallback: 600_000,
    summary: 'a worker that has reached no node for this long stops',
  },
  keepFor: {
    ...duration(0, 8760 * hour),
    flag: 'keep-for',
    env: 'TM_KEEP_FOR',
    fallback: 168 * hour,
    summary: 'a finished task is forgotten after this long; a result not before it was pulled',
  },
  keepMost: {
    ...integer(0, 100_000_000),
    flag: 'keep-most',
    env: 'TM_KEEP_MOST',
    fallback: 1_000_000,
    summary: 'the oldest finished tasks beyond so many are forgotten; results not before pulled',
  },
}

export const settingNames = Object.keys(settings) as SettingName[]

/** The defaults, and over them whatever of `changes` is set. */
export function withDefaults(changes: Partial<Settings> = {}): Settings {
  const all = settingNames.map((name) => [name, changes[name] ?? settings[name].fallback])
  return Object.fromEntries(all) as unknown as Settings
}

/** Where a raw value came from, so that an error names the thing the user has to change. */
export type RawSettings = Partial<Record<SettingName, { source: string; text: string }>>

/**
 * The raw settings as values. All bad ones are reported at once, as one `invalid` error.
 */
export function parseConfig(raw: RawSettings): Partial<Settings> {
  const parsed: Partial<Settings> = {}
  const problems: string[] = []
  for (const name of settingNames) {
    const given = raw[name]
    if (!given) continue
    const { parse, min, max, wanted } = settings[name]
    const value = parse(given.text)
    if (value === undefined || value < min || value > max) {
      problems.push(`${given.source} must be ${wanted}, not "${given.text}"`)
    } else {
      parsed[name] = value
    }
  }
  if (problems.length > 0) throw new TmError('invalid', problems.join('\n'))
  return parsed
}

/** Settings as people write them, for flags of other processes and for printing. */
export function formatSetting(name: SettingName, value: number): string {
  return settings[name].format(value)
}

function integer(min: number, max: number): Kind {
  const parse = (text: string) => parseInteger(text, { min, max })
  return { min, max, parse, format: String, wanted: describeRange({ min, max }) }
}

function duration(min: number, max: number): Kind {
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`
  const wanted = `a duration such as 500ms, 15s, 10m or 2h, ${range}`
  return { min, max, parse: parseDuration, format: formatDuration, wanted }
}

function size(min: number, max: number): Kind {
  const wanted = `a size such as 512KiB or 16MiB, from ${writeBytes(min)} to ${writeBytes(max)}`
  return { min, max, parse: parseBytes, format: writeBytes, wanted }
}
