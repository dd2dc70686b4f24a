/** Ctrl-C in `tm up` and `tm down` on EC2, as real processes: they end at once, whatever they wait for. */
import { afterEach, expect, it } from 'vitest'
import { openShell, type Shell } from './cli.ts'

let shell: Shell
afterEach(() => shell.close())

const up = ['up', '--yes', '--allow-cidr', '203.0.113.7', '--nodes', '1']
/** A second, and more for a machine under load. Nothing that they wait for is over by then. */
const soonMs = 3000

it('up: while it waits for servers that do not come up', async () => {
  shell = await openShell()
  const { stderr, exitCode, tookMs } = await shell.interrupt(up, (text) =>
    text.includes('✔ public addresses'),
  )
  expect(stderr).toContain('Interrupted; what was created so far still exists')
  expect(exitCode).not.toBe(0)
  expect(tookMs).toBeLessThan(soonMs)
})

it('up: while AWS throttles', async () => {
  shell = await openShell()
  const throttled = { action: 'DescribeVpcs', code: 'RequestLimitExceeded', times: 1000 }
  const fault = shell.standin.fail(throttled)
  const { stderr, tookMs } = await shell.interrupt(up, () => fault.hits > 1)
  expect(stderr).toContain('Interrupted; nothing was created')
  expect(tookMs).toBeLessThan(soonMs)
})

it('down: while AWS does not answer', async () => {
  shell = await openShell()
  const never = new Promise<void>(() => {})
  let isAsked = false
  shell.standin.onCall('DescribeInstances', () => {
    isAsked = true
    return never
  })
  const { stderr, exitCode, tookMs } = await shell.interrupt(['down', '--yes'], () => isAsked)
  expect(stderr).toContain('Interrupted; some of the cluster may be left')
  expect(exitCode).not.toBe(0)
  expect(tookMs).toBeLessThan(soonMs)
})
