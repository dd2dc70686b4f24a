/** The lines of docs/run.md that say how to do here what other tools do: each as it stands there. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { it, tmFile } from './harness.ts'

const page = readFileSync(new URL('../../docs/run.md', import.meta.url), 'utf8')
const section = page.split('## From other tools')[1]?.split('\n## ')[0] ?? ''
const lines = section
  .split('\n')
  .filter((line) => line.startsWith('$ '))
  .map((line) => line.slice(2))

function fill(folder: string): void {
  const file = (name: string, text: string, mode = 0o644) =>
    writeFileSync(join(folder, name), text, { mode })
  for (const name of ['one', 'two words', 'three']) file(`${name}.log`, `c\nb\na ${name}\n`)
  file('people.csv', 'name,town\nAda,London\nGrace,New York\n')
  file('names.txt', 'Ada\nGrace\n')
  file('simulate', '#!/bin/sh\necho "seed $1"\n', 0o755)
  file('greet', '#!/bin/sh\necho "hello $1, $OMP_NUM_THREADS"\n', 0o755)
  file('job.sh', 'echo "task $1"\n')
}

describe('what other tools do', () => {
  it('is done here by the lines in docs/run.md', { timeout: 180_000 }, async ({ box }) => {
    const cluster = box.cluster('e2e-others')
    await cluster.up('--nodes', '1', '--max-workers', '1', '--slots', '2')
    const folder = join(box.dataDir, 'work')
    mkdirSync(folder)
    fill(folder)
    expect(lines.length).toBeGreaterThan(10)
    const said = new Map<string, string>()
    for (const line of lines) {
      const script = `tm() { '${process.execPath}' '${tmFile}' "$@"; }; cd '${folder}' && ${line}`
      const env = { TM_CLUSTER: cluster.name }
      const ran = await box.start(['bash', '-o', 'pipefail', '-c', script], env).ended
      expect(ran.code, `${line}\n${ran.stderr}`).toBe(0)
      said.set(line, ran.stdout)
    }
    const saidBy = (part: string) => [...said].find(([line]) => line.includes(part))?.[1] ?? ''
    const linesOf = (part: string) => saidBy(part).trim().split('\n').sort()
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')

    expect(linesOf('--zip')).toEqual(['1 a', '2 b', '3 c'])
    expect([read('1.txt'), read('2.txt')]).toEqual(['Ada\n', 'Grace\n'])
    expect(linesOf('--resume')).toHaveLength(3)
    expect(linesOf('--null')).toHaveLength(3)
    expect(linesOf('--per-task')).toHaveLength(3)
    expect(read('run-20.txt')).toBe('seed 20\n')
    expect(linesOf('greet')).toEqual(['hello Ada, 2', 'hello Grace, 2'])
    expect(read('slurm-7.out')).toBe('task 7\n')
    expect(linesOf('joblog')).toHaveLength(4)
    expect(readdirSync(join(folder, 'sorted')).sort()).toEqual([
      'one.log.sorted',
      'three.log.sorted',
      'two words.log.sorted',
    ])
    expect(read('sorted/one.log.sorted')).toBe('a one\nb\nc\n')
  })
})
