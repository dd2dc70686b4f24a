/** How something long stands: a block on a terminal, a line now and then elsewhere. */
import { expect, it } from 'vitest'
import { createStatus } from '../../../src/cli/output/status.ts'

function setUp(terminal: boolean) {
  const time = { now: 0 }
  const lines: string[] = []
  const spinner = {
    text: '',
    stopped: false,
    stop: () => Object.assign(spinner, { stopped: true }),
  }
  const spin = (text: string) => Object.assign(spinner, { text })
  const status = createStatus({
    write: (text) => lines.push(text),
    spin: terminal ? spin : undefined,
    columns: 40,
    done: (title, ok) => `${ok ? 'yes' : 'no'} ${title}`,
    now: () => time.now,
  })
  return { time, lines, spinner, status }
}

it('is a line more and more rarely off a terminal', () => {
  const { time, lines, status } = setUp(false)
  const at: number[] = []
  for (time.now = 0; time.now <= 300_000; time.now += 500) {
    const before = lines.length
    const due = status.dueInMs()
    status.show({ line: 'x'.repeat(99), details: ['never here'] })
    if (lines.length === before) continue
    expect(due).toBe(0)
    at.push(time.now / 1000)
  }
  expect(at).toEqual([5, 12.5, 24, 41, 66.5, 104.5, 161.5, 221.5, 281.5])
  expect(lines[0]).toBe('x'.repeat(99))
  status.end('done 5 of 5', false)
  expect(lines.at(-1)).toBe('no done 5 of 5')
})

it('is a block on a terminal, no line of which wraps or moves the cursor', () => {
  const { lines, spinner, status } = setUp(true)
  expect(status.dueInMs()).toBe(1000)
  status.show({
    line: 'x'.repeat(99),
    details: ['\u001b[2J'.repeat(20), '  running  \u001b[2Jclip', '日'.repeat(30)],
  })
  const shown = spinner.text.split('\n')
  expect(shown.map((line) => line.length)).toEqual([37, 37, 24, 19])
  expect(shown[2]).toBe('  running  \\u001b[2Jclip')
  status.show({ line: 'short', details: [] })
  expect(spinner.text).toBe('short')
  status.end('done 5 of 5')
  expect([spinner.stopped, lines]).toEqual([true, ['yes done 5 of 5']])
})
