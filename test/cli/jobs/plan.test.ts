/** What `tm run` makes of its arguments before anything is sent. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a shell look like this.
import { describe, expect, it } from 'vitest'
import { fill } from '../../../src/kinds/command/placeholders.ts'
import { type Asked, plan } from './planned.ts'

describe('a job', () => {
  it('gets its input as a file if its command names it, else on stdin', () => {
    const inputOf = (asked: Asked) => plan(asked).definition.job.input
    expect(inputOf({ line: 'wc {in}', files: ['a'] })).toBe('file')
    expect(inputOf({ line: 'wc {name}', files: ['a'] })).toBe('file')
    expect(inputOf({ argv: ['wc', '{in}'], files: ['a'] })).toBe('file')
    expect(inputOf({ line: 'wc', files: ['a'] })).toBe('stdin')
    expect(inputOf({ line: 'wc > {stem}.txt', files: ['a'] })).toBe('stdin')
    expect(inputOf({ line: 'echo {lr}', sweeps: ['lr=1,2'] })).toBe('none')
  })

  it('has as many files in a task as were asked for', () => {
    const files = ['a', 'b', 'c', 'd/a', 'e']
    const { definition, tasks } = plan({
      line: 'sum {in} > {out}',
      files,
      perTask: 2,
      outputs: ['{n}'],
    })
    expect(definition).toMatchObject({ tasks: 3, job: { input: 'files' } })
    expect(definition.job.run).toEqual({ script: 'sum "$@" > "${TM_OUT}"' })
    expect(tasks).toEqual([
      { files: ['a', 'b'], values: { n: '1', out: '1' } },
      { files: ['c', 'd/a'], values: { n: '2', out: '2' } },
      { files: ['e'], values: { n: '3', out: '3' } },
    ])
  })

  it.each([
    [{ line: 'wc' }, /must say where its files go/],
    [{ line: 'wc {name}' }, /\{name\} has no value here/],
    [{ line: 'wc {in}', outputs: ['{in}'] }, /\{in\} has no value here/],
    [{ argv: ['wc', '--file={in}'] }, /word of its own/],
    [{ line: 'wc {in}', files: ['..'] }, /no name that a file can have/],
    [
      { line: 'wc {in}', files: Array.from({ length: 9 }, () => 'x'.repeat(200_000)), perTask: 9 },
      /too long for one command/,
    ],
  ] as [Asked, RegExp][])('refuses several files in a task: %o', (asked, why) => {
    expect(() => plan({ files: ['a', 'b'], perTask: 2, ...asked })).toThrow(why)
  })

  it('is given the path of its file in place of a copy, if that was asked for', () => {
    const { definition, tasks } = plan({ line: 'wc {in} {stem}', files: ['d/-a.x'], inPlace: true })
    expect(definition.job.input).toBe('none')
    const values = { in: `${process.cwd()}/d/-a.x`, stem: '-a' }
    expect(tasks).toEqual([{ file: 'd/-a.x', inPlace: true, values }])
    expect(() => plan({ line: 'wc', files: ['a'], inPlace: true })).toThrow(/where the path/)
  })

  it('sends a task only the values that the command needs', () => {
    const { tasks } = plan({ line: 'cp {in} {out}', files: ['d/a.x'], outputs: ['{stem}.y'] })
    expect(tasks).toEqual([
      { file: 'd/a.x', values: { name: 'a.x', in: 'a.x', stem: 'a', out: 'a.y' } },
    ])
  })

  it('needs only those values of a task that its command has, and all of these', () => {
    const json = '{"lr": 1, "x": 2}\n{"lr": 3}'
    expect(plan({ line: 'echo {lr}', json }).tasks.map(({ values }) => values)).toEqual([
      { lr: '1' },
      { lr: '3' },
    ])
    expect(() => plan({ line: 'echo {x}', json })).toThrow('Task 2 has no value for {x}')
  })

  it('refuses values that no node takes, before anything is sent', () => {
    const json = JSON.stringify({ x: 'x'.repeat(3000), y: 1 })
    expect(() => plan({ line: 'echo {x}', json })).toThrow(/values of task 1 have 30\d\d bytes/)
    expect(plan({ line: 'echo {y}', json }).tasks).toHaveLength(1)
  })

  it('has a name and the line as it was typed', () => {
    const { definition } = plan({ argv: ['/usr/bin/ffmpeg', '-i', '{in}'], files: ['a'] })
    expect(definition).toMatchObject({ number: 7, line: '/usr/bin/ffmpeg -i {in}', tasks: 1 })
  })

  it('shows what commands write when they leave nothing else', () => {
    const prints = (asked: Asked) => plan({ line: 'wc', ...asked }).definition.printsStdout
    expect(prints({ files: ['a', 'b'] })).toBe(true)
    expect(prints({ files: ['a'], stdout: 'x' })).toBe(false)
    expect(prints({ files: ['a'], outputs: ['x'] })).toBe(false)
  })

  it('refuses {out} without --out, and unknown placeholders anywhere', () => {
    expect(() => plan({ line: 'cp {in} {out}', files: ['a'] })).toThrow(/\{out\} has no value/)
    expect(() => plan({ line: 'x', files: ['a'], outputs: ['{nope}'] })).toThrow(/\{nope\}/)
    expect(() => plan({ line: 'x', files: ['a'], to: '{nope}' })).toThrow(/\{nope\}/)
    expect(() => plan({ line: 'x {out}', files: ['a'], outputs: ['{attempt}'] })).toThrow(/known/)
  })
})

describe('two outputs of one name', () => {
  const collides = (asked: Asked) => () => plan({ line: 'x', ...asked })

  it('are refused before anything is sent, with both inputs', () => {
    const files = ['a/x.avi', 'b/x.avi']
    expect(collides({ files, outputs: ['{stem}.mp4'] })).toThrow(
      'Two outputs would be x.mp4: of a/x.avi and b/x.avi',
    )
    expect(collides({ files, stdout: 'log' })).toThrow(/Two outputs/)
    expect(collides({ files: ['a', 'b'], outputs: ['result.json'] })).toThrow(/Two outputs/)
    expect(collides({ files: ['a'], outputs: ['x', 'x'] })).toThrow(/Two outputs/)
    expect(collides({ files: ['A', 'a'], outputs: ['{name}.txt'] })).toThrow(/Two outputs/)
  })

  it('are two if folder or name tells them apart', () => {
    const files = ['a/x.avi', 'b/x.avi']
    expect(collides({ files, outputs: ['{stem}.mp4'], to: 'out/{dir}' })).not.toThrow()
    expect(collides({ files, outputs: ['{n}.mp4'] })).not.toThrow()
    expect(collides({ files: ['a'], outputs: ['x', 'y'] })).not.toThrow()
  })

  it('have a folder for each task if their names are not known beforehand', () => {
    const { folder } = plan({ line: 'x', files: ['a', 'b'], outputs: ['*.json'], to: 'o' })
    expect(fill(folder, { n: '2' })).toBe('o/2')
    const told = plan({ line: 'x', files: ['a', 'b'], outputs: ['*.json'], to: 'o/{name}' })
    expect(fill(told.folder, { name: 'b' })).toBe('o/b')
  })

  it('never lie outside of their folder', () => {
    expect(collides({ files: ['a'], outputs: ['../x'] })).toThrow(/outside/)
    expect(collides({ files: ['a'], outputs: ['/etc/x'] })).toThrow(/outside/)
  })
})
