/** `tm list` where AWS is slow, silent or away, and in all regions of an account. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2'
import { afterEach, describe, expect, it } from 'vitest'
import { connectAws } from '../../../src/provider/ec2/aws/connect.ts'
import { listRegions } from '../../../src/provider/ec2/cluster/list-regions.ts'
import { clusterStates } from '../../../src/state/cluster-state.ts'
import { bin, ourPath } from '../../bin/tm.ts'
import { fastRetry } from '../../provider/ec2/account.ts'
import { deadUrl, type Laptop, openLaptop } from './laptop.ts'

let laptops: Laptop[] = []
afterEach(async () => {
  for (const one of laptops) await one.close()
  laptops = []
})

async function open(...given: Parameters<typeof openLaptop>): Promise<Laptop> {
  const laptop = await openLaptop(...given)
  laptops.push(laptop)
  return laptop
}

/** What may be left of a cluster. */
async function tagGroup({ standin }: Laptop, cluster: string): Promise<void> {
  const { url: endpoint, region, operator: credentials } = standin
  const ec2 = new EC2Client({ endpoint, region, credentials })
  const Tags = [{ Key: 'tm:cluster', Value: cluster }]
  await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `tm-${cluster}`,
      Description: 'left over',
      TagSpecifications: [{ ResourceType: 'security-group', Tags }],
    }),
  )
  ec2.destroy()
}

/** What a laptop with this account would list, with an `endpoint` for each region. */
function list(
  laptop: Laptop,
  endpoints: Record<string, string>,
  more: Partial<Parameters<typeof listRegions>[0]> = {},
) {
  return listRegions({
    states: clusterStates(laptop.dataDir),
    region: undefined,
    ambientRegion: 'us-east-1',
    onWait: () => {},
    connect: (place) =>
      connectAws({
        ...place,
        endpoint: endpoints[place.region ?? ''] ?? '',
        credentials: laptop.standin.operator,
        retry: fastRetry,
      }),
    ...more,
  })
}

describe('AWS that does not answer', () => {
  it('is left out after its time, with an exit code, while what is here is listed', async () => {
    const laptop = await open()
    laptop.standin.onCall('*', () => new Promise<void>(() => {}))
    const { clusters, notes } = await list(
      laptop,
      { 'us-east-1': laptop.standin.url },
      { limitMs: 100 },
    )
    expect(clusters).toEqual([])
    const text = 'EC2 in us-east-1 is left out: no answer from AWS in 0.1 s'
    expect(notes).toEqual([{ text, failed: true }])
  })

  it('is given up soon without a network, and the exit code is 1', async () => {
    const laptop = await open()
    const { notes } = await list(laptop, { 'us-east-1': await deadUrl() })
    const text = expect.stringMatching(
      /is left out: Asking AWS .*ECONNREFUSED.* \(\d+ tr(y|ies) in \d+ s\)/,
    )
    expect(notes).toEqual([{ text, failed: true }])
  })

  it('does not keep back what is on this machine; then it says what it waits for', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tm-list-'))
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    // Nor does a proxy that is away: nothing here goes through it.
    const away = { HTTP_PROXY: await deadUrl(), HTTPS_PROXY: await deadUrl() }
    const proxies = { ...away, NODE_USE_ENV_PROXY: '1' }
    const env = { PATH: ourPath, HOME: dataDir, TM_DATA_DIR: dataDir, ...proxies }
    const up = ['up', '--local', '--nodes', '1', '--max-workers', '0']
    execFileSync(process.execPath, [bin, ...up], { env, stdio: 'ignore' })
    const child = spawn(process.execPath, [bin, 'list'], {
      env: {
        ...env,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'AKIA',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout] = await once(child.stdout, 'data')
    expect(String(stdout)).toMatch(/^default\tthis machine\t1\t0\t/)
    const [stderr] = await once(child.stderr, 'data')
    expect(String(stderr)).toBe('Waiting for EC2 …\n')
    child.kill('SIGKILL')
    execFileSync(process.execPath, [bin, 'down', '--yes'], { env, stdio: 'ignore' })
    silent.close()
    rmSync(dataDir, { recursive: true, force: true })
  }, 60_000)
})

describe('--all-regions', () => {
  it('lists every region that the account has enabled, with one look at IAM', async () => {
    const regions = ['eu-west-1', 'us-east-1']
    const here = await open({ regions })
    const there = await open({ regions, region: 'eu-west-1' })
    await here.up({ nodes: 1 })
    await tagGroup(there, 'x')
    const endpoints = { 'us-east-1': here.standin.url, 'eu-west-1': there.standin.url }
    const called = [here, there].map(({ standin }) => standin.calls.length)
    const { clusters, notes } = await list(here, endpoints, { allRegions: true })
    expect(notes).toEqual([])
    expect(clusters.map(({ region, cluster }) => `${region} ${cluster}`).sort()).toEqual([
      'eu-west-1 x',
      'us-east-1 default',
    ])
    const made = [here, there].flatMap(({ standin }, index) => standin.calls.slice(called[index]))
    expect(made.filter(({ action }) => action === 'ListRoles')).toHaveLength(1)
  })

  it('says which regions it could not look into', async () => {
    const laptop = await open({ regions: ['eu-west-1', 'us-east-1'] })
    await laptop.up({ nodes: 1 })
    const endpoints = { 'us-east-1': laptop.standin.url, 'eu-west-1': await deadUrl() }
    const { clusters, notes } = await list(laptop, endpoints, { allRegions: true })
    expect(clusters).toHaveLength(1)
    const text = expect.stringMatching(/^EC2 in eu-west-1 is left out: /)
    expect(notes).toEqual([{ text, failed: true }])
  })

  it('says that it does not know the regions', async () => {
    const laptop = await open()
    await laptop.up({ nodes: 1 })
    laptop.standin.fail({ action: 'DescribeRegions', code: 'UnauthorizedOperation' })
    const endpoints = { 'us-east-1': laptop.standin.url }
    const { clusters, notes } = await list(laptop, endpoints, { allRegions: true })
    expect(clusters).toHaveLength(1)
    const text = expect.stringMatching(/^Not all regions are listed: Listing the regions failed/)
    expect(notes).toEqual([{ text, failed: true }])
  })
})
