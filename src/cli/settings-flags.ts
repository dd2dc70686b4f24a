/** The table of settings as flags. Values stay text until `parseConfig` has seen all of them. */
import { Flags } from '@oclif/core'
import type { OptionFlag } from '@oclif/core/interfaces'
import { TmError } from '../core/errors.ts'
import { type Range, requireInteger } from '../core/integers.ts'
import {
  formatSetting,
  parseConfig,
  type RawSettings,
  type SettingName,
  type Settings,
  settings,
} from '../core/settings.ts'

type TextFlags = Record<string, OptionFlag<string | undefined>>

export function settingFlags(names: readonly SettingName[]): TextFlags {
  return Object.fromEntries(
    names.map((name) => {
      const { flag, env, fallback, summary } = settings[name]
      const description = `${summary} [default: ${formatSetting(name, fallback)}]`
      return [flag, Flags.string({ description, env, helpGroup: 'SETTING' })]
    }),
  )
}

/** The settings among the parsed flags: only those that were given, by flag or environment. */
export function readSettings(
  names: readonly SettingName[],
  flags: Record<string, unknown>,
): Partial<Settings> {
  const raw: RawSettings = {}
  for (const name of names) {
    const { flag } = settings[name]
    const text = flags[flag]
    if (typeof text === 'string') raw[name] = { source: `--${flag}`, text }
  }
  return parseConfig(raw)
}

/** The number in a flag that need not be there. */
export function readInteger(flag: string, text: string | undefined, range: Range) {
  return text === undefined ? undefined : requireInteger(flag, text, range)
}

/** Both; what is wrong with either is said at once. */
export function both<A, B>(first: () => A, second: () => B): [A, B] {
  let problems = ''
  try {
    const a = first()
    return [a, second()]
  } catch (error) {
    if (!(error instanceof TmError)) throw error
    problems = error.message
  }
  try {
    second()
  } catch (error) {
    if (!(error instanceof TmError)) throw error
    if (error.message !== problems) problems += `\n${error.message}`
  }
  throw new TmError('invalid', problems)
}
