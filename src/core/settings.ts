/**
 * Every setting of a cluster: its flag, environment variable, default and range. `tm up`,
 * `tm node serve`, the HTTP API and docs/reference all use this table.
 */
import { parseBytes, writeBytes } from './bytes.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { TmError } from './errors.ts'
import { describeRange, parseInteger } from './integers.ts'

/** Durations in milliseconds, sizes in bytes, one of two words 0 or 1. */
export interface Settings {
  maxWorkers: number
  scaleAfter: number
  /** 0: the four rules. 1: the target. */
  policy: number
  /** 0 for one that depends on how long a worker takes to start. */
  target: number
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
  /** 1, or 0 to refuse jobs. */
  commands: number
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
  /** The default on this machine, in words, where it differs. */
  fallbackHere?: string
  summary: string
}

const hour = 3_600_000

export const settings: Record<SettingName, Setting> = {
  maxWorkers: {
    ...integer(0, 1000),
    flag: 'max-workers',
    env: 'MAX_NUM_OF_WORKERS',
    fallback: 5,
    fallbackHere: 'the share of a node in the cores',
    summary: 'the maximum number of workers per node',
  },
  scaleAfter: {
    ...duration(0, hour),
    flag: 'scale-after',
    env: 'TM_SCALE_AFTER',
    fallback: 15_000,
    fallbackHere: '1s',
    summary: 'launch another worker when the oldest task has waited longer than this',
  },
  policy: {
    ...oneOf('rules', 'target'),
    flag: 'policy',
    env: 'TM_POLICY',
    fallback: 0,
    summary:
      'how workers are launched: one after another by four rules, or as many as a target takes',
  },
  target: {
    ...durationOrAuto(24 * hour),
    flag: 'target',
    env: 'TM_TARGET',
    fallback: 0,
    summary: 'with --policy=target, the time in which work is to be done',
  },
  idleTimeout: {
    ...duration(100, 24 * hour),
    flag: 'idle-timeout',
    env: 'TM_IDLE_TIMEOUT',
    fallback: 600_000,
    summary: 'stop a worker that has had no task for this long',
  },
  lease: {
    ...duration(300, hour),
    flag: 'lease',
    env: 'TM_LEASE',
    fallback: 30_000,
    summary: 'requeue a task when its worker has not renewed its lease for this long',
  },
  tick: {
    ...duration(20, 60_000),
    flag: 'tick',
    env: 'TM_TICK',
    fallback: 1000,
    summary: 'how often a node checks its leases, loans and workers',
  },
  maxAttempts: {
    ...integer(1, 100),
    flag: 'max-attempts',
    env: 'TM_MAX_ATTEMPTS',
    fallback: 5,
    summary: 'give up on a task after this many failed attempts',
  },
  slots: {
    ...integer(1, 256),
    flag: 'slots',
    env: 'TM_SLOTS',
    fallback: 1,
    summary: 'how many tasks a worker runs at the same time',
  },
  maxBody: {
    ...size(1, 1024 ** 3),
    flag: 'max-body',
    env: 'TM_MAX_BODY',
    fallback: 64 * 1024 ** 2,
    summary: 'the maximum size of a task body',
  },
  loan: {
    ...duration(300, hour),
    flag: 'loan',
    env: 'TM_LOAN',
    fallback: 60_000,
    summary: 'how long a node lends a place for a worker unless the loan is renewed',
  },
  bootTimeout: {
    ...duration(500, hour),
    flag: 'boot-timeout',
    env: 'TM_BOOT_TIMEOUT',
    fallback: 60_000,
    summary: 'terminate a launched worker that has not joined after this long',
  },
  lostAfter: {
    ...duration(500, 24 * hour),
    flag: 'lost-after',
    env: 'TM_LOST_AFTER',
    fallback: 600_000,
    summary: 'stop a worker that has not reached any node for this long',
  },
  keepFor: {
    ...duration(0, 8760 * hour),
    flag: 'keep-for',
    env: 'TM_KEEP_FOR',
    fallback: 168 * hour,
    summary: 'delete finished tasks after this long; results only after they were pulled',
  },
  keepMost: {
    ...integer(0, 100_000_000),
    flag: 'keep-most',
    env: 'TM_KEEP_MOST',
    fallback: 1_000_000,
    summary:
      'delete the oldest finished tasks beyond this number; results only after they were pulled',
  },
  commands: {
    ...oneOf('off', 'on'),
    flag: 'commands',
    env: 'TM_COMMANDS',
    fallback: 1,
    summary: 'take the jobs of tm run, whose commands run on workers',
  },
}

export const settingNames = Object.keys(settings) as SettingName[]

/** `changes` on top of the defaults. */
export function withDefaults(changes: Partial<Settings> = {}): Settings {
  const all = settingNames.map((name) => [name, changes[name] ?? settings[name].fallback])
  return Object.fromEntries(all) as unknown as Settings
}

/** Raw values with their source, so that an error names what the user has to change. */
export type RawSettings = Partial<Record<SettingName, { source: string; text: string }>>

/** Parses raw settings. Throws one `invalid` error that lists all bad values. */
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

/** A value as people write it, for the flags of other processes and for printing. */
export function formatSetting(name: SettingName, value: number): string {
  return settings[name].format(value)
}

function integer(min: number, max: number): Kind {
  const parse = (text: string) => parseInteger(text, { min, max })
  return { min, max, parse, format: String, wanted: describeRange({ min, max }) }
}

/** The first word is 0, the second is 1. */
function oneOf(...words: [string, string]): Kind {
  const parse = (text: string) => (words.includes(text) ? words.indexOf(text) : undefined)
  const format = (value: number) => words[value] ?? String(value)
  return { min: 0, max: 1, parse, format, wanted: `a choice: ${words[1]} (1) or ${words[0]} (0)` }
}

function duration(min: number, max: number): Kind {
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`
  const wanted = `a duration such as 500ms, 15s, 10m or 2h, ${range}`
  return { min, max, parse: parseDuration, format: formatDuration, wanted }
}

/** `auto` is 0. */
function durationOrAuto(max: number): Kind {
  const { parse, format, ...rest } = duration(0, max)
  return {
    ...rest,
    parse: (text) => (text === 'auto' ? 0 : parse(text)),
    format: (value) => (value === 0 ? 'auto' : format(value)),
    wanted: `auto, or a duration such as 30s, 6m or 2h, up to ${formatDuration(max)}`,
  }
}

function size(min: number, max: number): Kind {
  const wanted = `a size such as 512KiB or 16MiB, from ${writeBytes(min)} to ${writeBytes(max)}`
  return { min, max, parse: parseBytes, format: writeBytes, wanted }
}
