/** The boot scripts as text. What they do is shown by the lab, which runs them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { MachineConfig } from '../../../../src/provider/ec2/boot/machine-config.ts'
import { bootScript } from '../../../../src/provider/ec2/boot/script.ts'
import { packUserData } from '../../../../src/provider/ec2/machines/user-data.ts'

const common = {
  cluster: 'big',
  region: 'us-east-1',
  program: 'ab'.repeat(32),
  endsAt: 1_900_000_000_000,
}
const machines: MachineConfig[] = [
  { kind: 'node', id: 'node-1', ...common, port: 8443, owner: 'arn:aws:iam::123456789012:user/me' },
  {
    kind: 'worker',
    id: 'node-1-w-0a1b2c3d',
    ...common,
    endsInMs: 3_600_000,
    node: { url: 'https://172.31.0.7:8443', certificate: 'PEM' },
  },
]

it.each(machines)('of a $kind is far below 16 KB, and is what bash understands', (machine) => {
  const built = join(import.meta.dirname, '../../../../dist/instance', `boot-${machine.kind}.mjs`)
  const script = bootScript({ machine, loader: readFileSync(built, 'utf8') })
  expect(Buffer.from(packUserData(script), 'base64').length).toBeLessThan(7000)
  execFileSync('bash', ['-n'], { input: script })
  for (const name of ['guard', 'start']) {
    const [, text = ''] =
      new RegExp(`> /opt/tm/${name} <<'TM_END'.*?\n(.*?)\nTM_END`, 's').exec(script) ?? []
    expect(text).toMatch(/^#!\/bin\/bash/)
    execFileSync('bash', ['-n'], { input: text })
  }
})

it.each(machines)('of a $kind holds nothing that ends one of its files early', (machine) => {
  const script = bootScript({ machine, loader: 'LOADER' })
  expect(script.match(/^TM_END$/gm)).toHaveLength(6)
  expect(script).toMatchSnapshot()
})
