/** The settings as flags. Values stay text until `parseConfig` has seen all of them. */
import { Flags } from '@oclif/core'
import type { OptionFlag } from '@oclif/core/interfaces'
import { TmError } from '../../core/errors.ts'
import { type Range, requireInteger } from '../../core/integers.ts'
import { machineIdPattern, machineIdRule } from '../../core/machine-id.ts'
import {
  formatSetting,
  parseConfig,
  type RawSettings,
  type SettingName,
  type Settings,
  settings,
} from '../../core/settings.ts'

type TextFlags = Record<string, OptionFlag<string | undefined>>

export function settingFlags(names: readonly SettingName[]): TextFlags {
  return Object.fromEntries(
    names.map((name) => {
      const { flag, env, fallback, fallbackHere, summary } = settings[name]
      const here = fallbackHere ? `; on this machine: ${fallbackHere}` : ''
      const description = `${summary} [default: ${formatSetting(name, fallback)}${here}]`
      return [flag, Flags.string({ description, env, helpGroup: 'SETTING' })]
    }),
  )
}

/** The settings that were given, by flag or by environment. */
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

/** The number in an optional flag. */
export function readInteger(flag: string, text: string | undefined, range: Range) {
  return text === undefined ? undefined : requireInteger(flag, text, range)
}

/** The id in a flag, which becomes part of paths and of a token. */
export function readMachineId(flag: string, text: string): string {
  if (machineIdPattern.test(text)) return text
  throw new TmError('invalid', `${flag} can't be "${text.slice(0, 128)}": ${machineIdRule}`)
}

/** Calls both, and reports the problems of both at once. */
export function readBoth<A, B>(first: () => A, second: () => B): [A, B] {
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
