/** `tm health --watch` on any screen: the top stays, what does not fit is counted, the terminal comes back. */
import { describe, expect, it } from 'vitest'
import type { Health, NodeHealth } from '../../../src/cli/output/health.ts'
import { describePace, type Sample, sampleOf, withSample } from '../../../src/cli/output/pace.ts'
import { clip, rowsOf, watch } from '../../../src/cli/output/screen.ts'
import { watchedHealth } from '../../../src/cli/output/watched-health.ts'

describe('a text on a screen', () => {
  it('takes a row for each line, and more for a line that is too wide', () => {
    expect(rowsOf('', 80)).toBe(1)
    expect(rowsOf('a\nb\n', 80)).toBe(3)
    expect(rowsOf('x'.repeat(80), 80)).toBe(1)
    expect(rowsOf('x'.repeat(81), 80)).toBe(2)
    expect(rowsOf('日本', 3)).toBe(2)
    expect(rowsOf(`\x1b[31m${'x'.repeat(80)}\x1b[39m`, 80)).toBe(1)
  })

  it('keeps its beginning, and says how much is missing', () => {
    const text = Array.from({ length: 10 }, (_, n) => `line ${n}`).join('\n')
    expect(clip(text, { columns: 80, rows: 10 })).toBe(text)
    expect(clip(text, { columns: 80, rows: 4 })).toBe('line 0\nline 1\nline 2\n… 7 more lines')
    expect(clip(text, { columns: 3, rows: 4 })).toBe('line 0\n… 9 more lines')
  })
})

describe('the pace', () => {
  const at = (seconds: number, done: number, left: number): Sample => ({
    at: seconds * 1000,
    done,
    left,
  })
  const rows: [string, Sample[], string][] = [
    ['is not known at first', [at(0, 0, 10)], ''],
    [
      'is the rate, and how long the rest takes',
      [at(0, 0, 100), at(10, 50, 50)],
      '5.0/s, 10 s left',
    ],
    [
      'says that nothing moves',
      [at(0, 5, 10), at(9, 5, 10)],
      'no task has ended in the last 9.0 s',
    ],
    ['is of no interest when all is done', [at(0, 0, 10), at(1, 10, 0)], ''],
    [
      'starts anew where nodes have forgotten tasks',
      [at(0, 90, 9), at(1, 50, 8), at(2, 51, 7)],
      '1.0/s, 7.0 s left',
    ],
    [
      'is of the last 30 s',
      [at(0, 0, 100), at(60, 1, 99), at(61, 2, 98)],
      '1.0/s, 1 min 38 s left',
    ],
  ]
  it.each(rows)('%s', (_, samples, text) => {
    expect(describePace(samples.reduce<Sample[]>(withSample, []))).toBe(text)
  })

  it('is not taken while a node does not answer', () => {
    const nodes = [{ id: 'node-1', url: '', healthy: false, problems: [] }]
    expect(sampleOf({ cluster: 'x', healthy: false, problems: [], nodes }, 0)).toBeUndefined()
  })
})

function bigCluster(nodes: number, workers: number): Health {
  const node = (n: number): NodeHealth => ({
    id: `node-${n}`,
    url: 'http://127.0.0.1:40000',
    healthy: true,
    problems: [],
    workers: Array.from({ length: workers }, (_, w) => ({
      id: `node-${n}-w-${w}`,
      state: w === 0 ? 'idle' : 'busy',
      slots: 1,
      running: w === 0 ? 0 : 1,
      launchedAt: 0,
    })),
  })
  const all = Array.from({ length: nodes }, (_, n) => node(n + 1))
  return { cluster: 'big', healthy: true, problems: [], nodes: all }
}

describe('a cluster on a screen', () => {
  const shown = (health: Health, rows: number) =>
    watchedHealth(health, { now: 1000, size: { columns: 80, rows }, pace: '5.0/s', footer: 'END' })

  it('has a line for each worker where there is room', () => {
    const text = shown(bigCluster(2, 3), 24)
    expect(text).toContain('node-2-w-2')
    expect(text).toMatch(/^Cluster big is healthy: 2 nodes, 6 workers.*\n5\.0\/s\n/)
  })

  it.each([5, 8, 12, 24])('never takes more than its %i rows, and keeps the top', (rows) => {
    const text = shown(bigCluster(3, 40), rows)
    expect(rowsOf(text, 80)).toBeLessThanOrEqual(rows)
    expect(text).toMatch(/^Cluster big is healthy: 3 nodes, 120 workers/)
    expect(text).toMatch(/\n\nEND$/)
  })

  it('counts the workers where there is no room for them', () => {
    expect(shown(bigCluster(2, 40), 24)).toContain('\n  workers  1 idle, 39 busy\n')
  })
})

describe('watching', () => {
  it('has a screen of its own, and leaves the terminal as it was', async () => {
    const written: string[] = []
    const stop = new AbortController()
    const terminal = { columns: 80, rows: 24, write: (text: string) => written.push(text) }
    let drawn = 0
    const draw = async () => {
      drawn += 1
      if (drawn === 3) stop.abort()
      return `first\nsecond ${drawn}\x1b[2J`
    }
    await watch({ terminal, everyMs: 1, signal: stop.signal, draw })
    expect(written.at(0)).toBe('\x1b[?1049h\x1b[?25l')
    expect(written.at(1)).toBe('\x1b[Hfirst\x1b[K\r\nsecond 1\\u001b[2J\x1b[K\x1b[J')
    expect(written).toHaveLength(5)
    expect(written.at(-1)).toBe('\x1b[?25h\x1b[?1049l')
  })

  it('leaves it so after an error, too', async () => {
    const written: string[] = []
    const { signal } = new AbortController()
    const draw = async () => Promise.reject(new Error('gone'))
    const terminal = { write: (text: string) => written.push(text) }
    await expect(watch({ terminal, everyMs: 1, signal, draw })).rejects.toThrow('gone')
    expect(written.at(-1)).toBe('\x1b[?25h\x1b[?1049l')
  })
})
