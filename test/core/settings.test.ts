/** The table of settings: its defaults, its limits, and one error for all that is wrong. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TmError } from '../../src/core/errors.ts'
import {
  formatSetting,
  parseConfig,
  type SettingName,
  settingNames,
  settings,
  withDefaults,
} from '../../src/core/settings.ts'

const parse = (name: SettingName, text: string) => parseConfig({ [name]: { source: 'it', text } })

function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    expect(error).toMatchObject({ name: 'TmError', code: 'invalid' })
    return (error as TmError).message.split('\n')
  }
  return []
}

it('has the defaults of the design', () => {
  expect(withDefaults()).toMatchObject({
    maxWorkers: 5,
    scaleAfter: 15_000,
    idleTimeout: 600_000,
    lease: 30_000,
    tick: 1000,
    maxAttempts: 5,
    slots: 1,
    maxBody: 64 * 1024 ** 2,
  })
})

it('takes over what is set, and the default for the rest', () => {
  expect(withDefaults({ lease: 400 })).toEqual({ ...withDefaults(), lease: 400 })
  expect(withDefaults({ lease: undefined })).toEqual(withDefaults())
})

it('has a flag and a variable of its own for each setting', () => {
  const all = settingNames.map((name) => settings[name])
  expect(new Set(all.map(({ flag }) => flag)).size).toBe(settingNames.length)
  expect(new Set(all.map(({ env }) => env)).size).toBe(settingNames.length)
  expect(settings.maxWorkers.env).toBe('MAX_NUM_OF_WORKERS')
})

describe.each(settingNames)('%s', (name) => {
  const { min, max, fallback, format } = settings[name]

  it('accepts its default and both ends of its range', () => {
    for (const value of [min, fallback, max]) {
      expect(parse(name, format(value))).toEqual({ [name]: value })
    }
  })

  it('refuses what lies outside, and what is no value', () => {
    for (const text of [format(max + 1), `-${format(1)}`, '', 'many', '1.5', 'NaN']) {
      expect(problemsOf(() => parse(name, text))).toEqual([expect.stringContaining('it must be a')])
    }
    if (min > 0) expect(problemsOf(() => parse(name, format(min - 1)))).toHaveLength(1)
  })
})

describe('parseConfig', () => {
  it('gives only what was given', () => {
    expect(parseConfig({})).toEqual({})
    expect(parseConfig({ slots: { source: '--slots', text: '2' } })).toEqual({ slots: 2 })
  })

  it('reports every bad value at once, by the name of its source', () => {
    const raw = {
      maxWorkers: { source: 'MAX_NUM_OF_WORKERS', text: 'five' },
      tick: { source: '--tick', text: '1s' },
      lease: { source: '--lease', text: '30' },
      maxBody: { source: 'TM_MAX_BODY', text: '2GiB' },
    }
    expect(problemsOf(() => parseConfig(raw))).toEqual([
      'MAX_NUM_OF_WORKERS must be a whole number from 0 to 1000, not "five"',
      '--lease must be a duration such as 500ms, 15s, 10m or 2h, from 300ms to 1h, not "30"',
      'TM_MAX_BODY must be a size such as 512KiB or 16MiB, from 1B to 1GiB, not "2GiB"',
    ])
  })

  it('names exactly the bad ones of any mixture', () => {
    const bad = fc.uniqueArray(fc.constantFrom(...settingNames))
    fc.assert(
      fc.property(bad, (names) => {
        const raw = settingNames.map((name) => {
          const text = names.includes(name) ? '?' : formatSetting(name, settings[name].fallback)
          return [name, { source: `<${name}>`, text }] as const
        })
        const problems = problemsOf(() => parseConfig(Object.fromEntries(raw)))
        expect(problems.map((line) => line.slice(1, line.indexOf('>'))).sort()).toEqual(
          names.sort(),
        )
      }),
    )
  })

  it('reads back every value that can be written', () => {
    const value = fc.constantFrom(...settingNames).chain((name) => {
      const { min, max } = settings[name]
      return fc.tuple(fc.constant(name), fc.integer({ min, max }))
    })
    fc.assert(
      fc.property(value, ([name, number]) => {
        expect(parse(name, formatSetting(name, number))).toEqual({ [name]: number })
      }),
      { numRuns: 500 },
    )
  })
})
