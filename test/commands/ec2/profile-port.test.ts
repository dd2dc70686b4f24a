/** `--profile` and `--port`: what they are used for, and that later commands know them. */
import { afterEach, expect, it } from 'vitest'
import { readChoices } from '../../../src/cli/flags/ec2.ts'
import { connectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { fastRetry } from '../../provider/ec2/account.ts'
import { type Laptop, opened, openLaptop } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop?.close())

const record = () => laptop.clusterState().read() as Ec2Record
const allowCidrs = ['203.0.113.7/32']

/** With a note of the profile that AWS is asked with. */
function noting(profiles: (string | undefined)[]) {
  return {
    connect: async ({ profile, ...place }: Parameters<typeof connectAws>[0] & object) => {
      profiles.push(profile)
      const { url: endpoint, operator: credentials } = laptop.standin
      return await connectAws({ ...place, endpoint, credentials, retry: fastRetry })
    },
  }
}

it('a profile is remembered, and used by the next up; another one takes its place', async () => {
  laptop = await openLaptop()
  const profiles: (string | undefined)[] = []
  await laptop.up({ nodes: 1, profile: 'work', ...noting(profiles) })
  expect(record().profile).toBe('work')
  await laptop.up(noting(profiles))
  await laptop.up({ profile: 'other', ...noting(profiles) })
  expect(profiles).toEqual(['work', 'work', 'other'])
  expect(record().profile).toBe('other')
})

it('a remembered profile that no longer exists is named, and so is the way out', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, profile: 'gone' })
  const env = { AWS_ENDPOINT_URL: laptop.standin.url, AWS_REGION: 'us-east-1' }
  const { stderr, exitCode } = await laptop.tm(['down', '--yes'], { env })
  expect(stderr).toContain('Could not resolve credentials using profile: [gone]')
  expect(stderr).toContain('--profile')
  expect(exitCode).toBe(1)
  const again = await laptop.tm(['down', '--yes', '--profile', 'wrong'], { env })
  expect(again.stderr).toContain('→ Then: tm down --profile wrong')
})

it('a port is that of the group, the nodes and the record, and stays', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, choices: { port: 443, allowCidrs } })
  expect(opened(laptop.standin)).toEqual(['203.0.113.7/32 443'])
  expect(record()).toMatchObject({ port: 443, choices: { port: 443 } })
  await expect(laptop.up({ choices: { port: 8443 } })).rejects.toThrow(
    "The nodes of cluster default listen on port 443, and can't change to 8443",
  )
  await laptop.up({ choices: {} })
  await laptop.tm(['allow-ip', '--cidr', '192.0.2.1'])
  expect(opened(laptop.standin)).toEqual(['192.0.2.1/32 443'])
  const { plan } = await laptop.dryRun({ choices: {} })
  expect(plan.port).toBe(443)
})

it.each(['0', '65536', 'https'])('a port is not %s', (port) => {
  expect(() => readChoices({ port })).toThrow('--port must be a whole number from 1 to 65535')
})
