/** `docs/http.md`: its program is run as it stands there, by a shell, against a real cluster. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { it, tmFile } from './harness.ts'

const page = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8')

it('a job by curl leaves the outputs that the page promises', { timeout: 120_000 }, async ({
  box,
}) => {
  const name = 'e2e-run-http'
  await box.cluster(name).up('--nodes', '1', '--tick', '50ms', '--scale-after', '100ms')
  const [bin, work] = [join(box.dataDir, 'bin'), join(box.dataDir, 'work')]
  for (const folder of [bin, work]) mkdirSync(folder)
  const tm = join(bin, 'tm')
  writeFileSync(tm, `#!/bin/sh\nexec '${process.execPath}' '${tmFile}' "$@"\n`)
  chmodSync(tm, 0o755)

  const [, program = ''] = /^```sh\n(.*?)^```/ms.exec(page) ?? []
  const around = { TM_CLUSTER: name, PATH: `${bin}:${process.env.PATH}` }
  const script = `set -eu\ncd '${work}'\n${program}`
  const ran = await box.start(['sh', '-c', script], around).ended
  expect(ran.code, ran.stderr).toBe(0)
  expect(readdirSync(work).sort()).toEqual(['a.txt.loud', 'b.txt.loud'])
  expect(readFileSync(join(work, 'a.txt.loud'), 'utf8')).toBe('HELLO\n')
  expect(readFileSync(join(work, 'b.txt.loud'), 'utf8')).toBe('WORLD\nWORLD\n')
})
