/** The table of settings as flags. Values stay text until `parseConfig` has seen all of them. */
import { Flags } from '@oclif/core'
import type { OptionFlag } from '@oclif/core/interfaces'
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
