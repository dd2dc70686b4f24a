/**
 * Runs the lab's tests in namespaces of their own (network, mounts, processes), so that nothing of
 * it can be left behind however it ends: `node test/lab/enter.ts [arguments of vitest]`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { enclosed, hasFirewall, whyNoLab } from './needs.ts'

const root = join(import.meta.dirname, '../..')
const reason = whyNoLab()
if (reason) console.error(`\nNOT TESTED: the lab that boots instances. ${reason}\n`)
else if (!hasFirewall()) console.error('\nNOT TESTED: security groups. It needs the command nft.\n')

const vitest = [
  ...[process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run'],
  ...['--config', join(root, 'vitest.lab.config.ts')],
  ...process.argv.slice(2),
]
const [command = '', ...args] = reason ? vitest : enclosed(vitest)
const env = { ...process.env, ...(reason ? {} : { TM_LAB: 'inside' }) }
const { status } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' })
process.exit(status ?? 1)
