/**
 * `tm up` and `tm down` as real processes, killed with SIGKILL at each of their calls to AWS in turn,
 * then run again: one cluster, or none, and nothing untagged or forgotten.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { census, oneCluster } from '../../provider/ec2/account.ts'
import { type KillPoint, openShell, type Shell, type When } from './cli.ts'

const up = ['up', '--yes', '--cluster', 'test', '--allow-cidr', '203.0.113.7']
const down = ['down', '--yes', '--cluster', 'test']

/** More than there are cores: a command mostly waits. */
const atOnce = 6

/**
 * Before each call, and after those that change something: after a look nothing is different from
 * before the next call.
 */
function killPoints(actions: string[]): KillPoint[] {
  return actions.flatMap((action, index) => {
    const whens: When[] = /^(Describe|Get|List)/.test(action) ? ['before'] : ['before', 'after']
    return whens.map((when) => ({ at: index + 1, when }))
  })
}

const shownAs = (points: KillPoint[], actions: string[]) =>
  `${points.length} kill points: ${actions.join(', ')}`

/** Each point on an account of its own, some at a time; how many were reached. */
async function each(
  points: KillPoint[],
  life: (shell: Shell, point: KillPoint) => Promise<boolean>,
) {
  const left = [...points]
  let killed = 0
  const lane = async () => {
    for (let point = left.shift(); point; point = left.shift()) {
      const shell = await openShell()
      if (await life(shell, point)) killed += 1
      await shell.close()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return killed
}

/** The calls of a command that is not killed. */
async function callsOf(prepare: string[][], args: string[]): Promise<string[]> {
  const shell = await openShell()
  for (const one of prepare) await shell.run(one)
  const { actions } = await shell.run(args)
  await shell.close()
  return actions
}

function expectOneCluster({ standin }: Shell, why: string): void {
  expect(census(standin), why).toEqual(oneCluster)
}

function expectNothing({ standin, dataDir }: Shell, why: string): void {
  expect(standin.leftovers(), why).toEqual([])
  expect(existsSync(join(dataDir, 'clusters/test')), why).toBe(false)
}

describe('killed with SIGKILL at any call', () => {
  it('up is completed by a second up', async () => {
    const actions = await callsOf([], up)
    const points = killPoints(actions)
    console.log(shownAs(points, actions))
    const killed = await each(points, async (shell, point) => {
      const first = await shell.run(up, point)
      const why = `killed ${point.when} call ${point.at}\n${first.stderr}`
      expect(census(shell.standin).untagged, why).toBe(0)
      const second = await shell.run(up)
      expect(second.launched, `${why}\n${second.stderr}`).toBe(true)
      expectOneCluster(shell, why)
      return first.killed
    })
    // Of 36 or so: how often it polls differs from run to run.
    expect(killed).toBeGreaterThan(25)
  })

  it('up is removed by down', async () => {
    const actions = await callsOf([], up)
    // Before that nothing was created.
    const from = actions.indexOf('CreateSecurityGroup') + 1
    const points = killPoints(actions).filter(({ at }) => at >= from)
    await each(points, async (shell, point) => {
      const first = await shell.run(up, point)
      const { stderr, exitCode } = await shell.run(down)
      const why = `killed ${point.when} call ${point.at}\n${first.stderr}\n${stderr}`
      expect(exitCode, why).toBe(0)
      expectNothing(shell, why)
      return first.killed
    })
  })

  it('down is completed by a second down', async () => {
    const actions = await callsOf([up], down)
    const points = killPoints(actions)
    console.log(shownAs(points, actions))
    const killed = await each(points, async (shell, point) => {
      await shell.run(up)
      const first = await shell.run(down, point)
      const { stderr, exitCode } = await shell.run(down)
      const why = `killed ${point.when} call ${point.at}\n${first.stderr}\n${stderr}`
      expect(exitCode, why).toBe(0)
      expectNothing(shell, why)
      return first.killed
    })
    expect(killed).toBeGreaterThan(20)
  })
})
