/** What `--file` and `--dir` may say, and where it may not be. */
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { refuseSharedCollisions } from '../../../../src/cli/jobs/shared/collisions.ts'
import { describeShared } from '../../../../src/cli/jobs/shared/describe.ts'
import { givenShared } from '../../../../src/cli/jobs/shared/given.ts'
import type { Job } from '../../../../src/kinds/command/job.ts'
import { parseTemplate } from '../../../../src/kinds/command/placeholders.ts'

describe('--file and --dir', () => {
  const named = (text: string) => {
    const [one] = givenShared([text], [])
    return [one?.path, one?.name]
  }

  it('have the last part of the path as their name, or the one behind the colon', () => {
    expect(named('model.onnx')).toEqual(['model.onnx', 'model.onnx'])
    expect(named('../m/large.onnx:model.onnx')).toEqual(['../m/large.onnx', 'model.onnx'])
    expect(named('a:b:c')).toEqual(['a:b', 'c'])
    expect(named('x:./lib/x/')).toEqual(['x', 'lib/x'])
    expect(named('src/')).toEqual(['src/', 'src'])
    expect(named('.')).toEqual(['.', basename(process.cwd())])
  })

  it('refuse names out of the folder of the command', () => {
    const wrong = [
      'x:',
      'x:/etc/x',
      'x:..',
      'x:a/../b',
      'x:a//b',
      'x:.',
      'x:./',
      ':x',
      '/',
      'x:a\nb',
    ]
    for (const text of wrong) {
      expect(() => givenShared([text], []), text).toThrow(/--file .* can't be used/s)
    }
  })

  it('refuse two that can not be in one folder, and more than a job has', () => {
    expect(() => givenShared(['a/x', 'b/x'], [])).toThrow('Two shared files are called x')
    expect(() => givenShared(['a/x', 'b/X'], [])).toThrow('X and x collide')
    expect(() => givenShared(['a:src/a'], ['src'])).toThrow(/src and src\/a collide/)
    expect(givenShared(['a:src/a'], ['b:src/b'])).toHaveLength(2)
    const many = Array.from({ length: 101 }, (_, index) => `f${index}`)
    expect(() => givenShared(many, [])).toThrow('at most 100')
  })
})

describe('a shared file', () => {
  const known = new Set(['name', 'n', 'job'])
  function refuse(given: { outputs?: string[]; input?: Job['input']; names?: string[] }) {
    const { outputs = [], input = 'file', names = ['src', 'model.onnx'] } = given
    const shared = names.map((name) => ({
      name,
      sha256: '0'.repeat(64),
      size: 1,
      kind: 'file' as const,
      mode: 0o644,
    }))
    const templates = outputs.map((text) => ({ name: parseTemplate(text, known) }))
    const tasks = ['a.png', 'b.png'].map((name, index) => ({
      ...(input === 'files' ? { files: [`in/${name}`, 'in/c.png'] } : { file: `in/${name}` }),
      values: { name, n: String(index + 1) },
    }))
    refuseSharedCollisions({ input, outputs: templates, shared }, tasks)
  }

  it('is not where the input of a task is', () => {
    expect(() => refuse({ names: ['b.png'] })).toThrow('b.png would be where the input b.png is')
    expect(() => refuse({ names: ['B.png/x'] })).toThrow('the input b.png')
    expect(() => refuse({ names: ['c.png'], input: 'files' })).toThrow('the input c.png')
    expect(() => refuse({ names: ['b.png'], input: 'stdin' })).not.toThrow()
  })

  it('is not where an output is, nor around it', () => {
    expect(() => refuse({ outputs: ['model.onnx'] })).toThrow('where the output model.onnx is')
    expect(() => refuse({ outputs: ['./src/'] })).toThrow('where the output src is')
    expect(() => refuse({ outputs: ['src/{n}.txt'] })).toThrow('where the output src/1.txt is')
    expect(() => refuse({ outputs: ['b.png'], names: ['{n}', 'c'] })).not.toThrow()
  })

  it('may be in a folder of outputs, or match a glob: then it is no output', () => {
    expect(() => refuse({ outputs: ['out/'], names: ['out/config'] })).not.toThrow()
    expect(() => refuse({ outputs: ['*.onnx', 'src/*.txt'] })).not.toThrow()
    expect(() => refuse({ outputs: ['{job}.txt'] })).not.toThrow()
  })
})

describe('what is shared, in words', () => {
  const sizes = [10, 3 * 1024 ** 2, 2048, 5].map((size, index) => ({ name: `f${index}`, size }))
  const file = { name: 'src', sha256: '', size: 1, mode: 0o755 }

  it('has the size, the number of files, and the largest of them', () => {
    const folder = { file: { ...file, kind: 'dir' as const }, path: 'src', files: sizes }
    expect(describeShared(folder)).toBe(
      'shared  src (4 files, 3.0 MiB): f1 3 MiB, f2 2 KiB, f0 10 B, …',
    )
    expect(describeShared({ ...folder, files: [] })).toBe('shared  src (0 files, 0 B)')
    const single = { file: { ...file, kind: 'file' as const }, path: '../a', files: [sizes[2]] }
    expect(describeShared(single as Parameters<typeof describeShared>[0])).toBe(
      'shared  ../a as src (2 KiB)',
    )
  })
})
