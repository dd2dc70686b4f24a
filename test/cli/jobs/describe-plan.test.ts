/** What `tm run --dry-run` shows. */
import { expect, it } from 'vitest'
import { describeRunPlan } from '../../../src/cli/jobs/describe-plan.ts'
import { type Asked, plan } from './planned.ts'

const shown = (asked: Asked, sizes: [string, number][] = []) =>
  describeRunPlan(plan(asked), new Map(sizes))

it('is the first commands as somebody would type them, and where their outputs go', () => {
  const files = ["it's.txt", 'b.txt', 'c.txt', 'd.txt', 'e.txt']
  const line = 'tr a-z A-Z < {in} > {out}; echo "{stem}" {attempt}'
  const asked = { line, files, outputs: ['{stem}.up'], to: 'out' }
  expect(
    shown(asked, [
      ["it's.txt", 10],
      ['b.txt', 2048],
    ]),
  ).toBe(
    [
      '5 tasks, 2.0 KiB of input. Nothing was sent.',
      `task 1  it's.txt, 10 B
  tr a-z A-Z < 'it'\\''s.txt' > 'it'\\''s.up'; echo 'it'\\''s' "\${TM_ATTEMPT}"
  → out/it's.up`,
      `task 2  b.txt, 2 KiB
  tr a-z A-Z < b.txt > b.up; echo b "\${TM_ATTEMPT}"
  → out/b.up`,
      `task 3  c.txt
  tr a-z A-Z < c.txt > c.up; echo c "\${TM_ATTEMPT}"
  → out/c.up`,
      'and 2 tasks more',
    ].join('\n\n'),
  )
})

it('shows the files of a task that has several', () => {
  const asked = { files: ['a/x', "b/it's", 'c/-y'], perTask: 2, outputs: ['{n}.txt'] }
  const sizes: [string, number][] = [
    ['a/x', 1024],
    ["b/it's", 1024],
  ]
  const title = '2 tasks, 2 KiB of input. Nothing was sent.'
  const inputs = [`task 1  a/x and 1 more, 2 KiB`, `task 2  c/-y`]
  const expected = (commands: string[]) =>
    [title, ...inputs.map((input, at) => `${input}\n  ${commands[at]}\n  → ${at + 1}.txt`)].join(
      '\n\n',
    )
  expect(shown({ ...asked, line: 'cat {in} > {out}' }, sizes)).toBe(
    expected(["cat x 'it'\\''s' > 1.txt", 'cat ./-y > 2.txt']),
  )
  expect(shown({ ...asked, argv: ['wc', '{in}', '{n}'] }, sizes)).toBe(
    expected(["wc x 'it'\\''s' 1", 'wc ./-y 2']),
  )
  const many = Array.from({ length: 9 }, (_, at) => `f${at}`)
  expect(shown({ files: many, perTask: 9, line: 'cat {in}' })).toContain('cat f0 f1 f2 f3 f4 …\n')
  expect(shown({ files: ['a/x', 'b/x'], perTask: 2, line: 'cat {in}' })).toContain('cat 1/x 2/x\n')
})

it('says what is read from stdin and shown here, and knows arguments', () => {
  expect(shown({ argv: ['wc', '-c', '{task}'], files: ['a b'] })).toBe(
    '1 task, 0 B of input. Nothing was sent.\n\ntask 1  a b\n  wc -c {task} < input\n  → stdout, shown here',
  )
})
