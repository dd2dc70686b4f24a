/**
 * A laptop with an AWS account of the stand-in. Commands run in this process; `up` can also be called
 * with a stand-in for what the machines do once they run, which needs machines that boot.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bring } from '../../../src/cli/ec2/bring.ts'
import { readProgram } from '../../../src/cli/ec2/program.ts'
import { type DryRunResult, type Ec2UpResult, upEc2 } from '../../../src/cli/ec2/up.ts'
import { type Saved, savedCluster } from '../../../src/cli/saved.ts'
import { connectAws } from '../../../src/provider/ec2/clients.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Standin, startStandin } from '../../aws/standin.ts'
import { root } from '../../bin/tm.ts'
import { pace, recording } from '../../provider/ec2/account.ts'
import { type Ran, type Surroundings, tm, tmJson } from '../run.ts'

type UpChanges = Partial<Parameters<typeof upEc2>[0]>

export interface Laptop {
  standin: Standin
  dataDir: string
  /** The AWS variables, for {@link Laptop.tm} too. */
  env: Record<string, string>
  saved(name?: string): Saved
  tm(argv: string[], around?: Partial<Surroundings>): Promise<Ran>
  json<T>(argv: string[]): Promise<{ json: T; stderr: string; exitCode: number }>
  /** Titles and notes of the steps of {@link Laptop.up}. */
  steps: string[]
  up(changes?: UpChanges): Promise<Ec2UpResult>
  dryRun(changes?: UpChanges): Promise<DryRunResult>
  /** Another one with the same account. */
  other(): Laptop
  close(): Promise<void>
}

export async function openLaptop(given: GivenOptions = {}): Promise<Laptop> {
  const standin = await startStandin(given)
  return withAccount(standin, () => standin.stop())
}

function withAccount(standin: Standin, stop: () => Promise<void>): Laptop {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-laptop-'))
  const env = { ...standin.env }
  const steps: string[] = []
  const others: Laptop[] = []
  const call = async (changes: UpChanges) =>
    await upEc2({
      saved: savedCluster(dataDir, 'default'),
      region: undefined,
      ambientRegion: standin.region,
      nodes: undefined,
      choices: { allowCidrs: ['203.0.113.7/32'] },
      restore: [],
      dryRun: false,
      confirm: async () => {},
      program: readProgram(root),
      bring: brought,
      reporter: recording(steps),
      signal: new AbortController().signal,
      connect: (region) =>
        connectAws({ region, endpoint: standin.url, credentials: standin.operator }),
      pace,
      now: () => 1_000,
      ...changes,
    })
  return {
    standin,
    dataDir,
    env,
    steps,
    saved: (name = 'default') => savedCluster(dataDir, name),
    tm: async (argv, around = {}) => shown(await tm(argv, { dataDir, env, ...around })),
    json: (argv) => tmJson(argv, { dataDir, env }),
    up: async (changes = {}) => (await call(changes)) as Ec2UpResult,
    dryRun: async (changes = {}) => (await call({ ...changes, dryRun: true })) as DryRunResult,
    other() {
      const laptop = withAccount(standin, async () => {})
      others.push(laptop)
      return laptop
    },
    async close() {
      for (const one of others) await one.close()
      await stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Where nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** As if the machines had come up, where nobody hears them. */
export const silent: Bring = async (launched) => {
  const url = await deadUrl()
  const nodes = launched.map(({ id, instance }) => ({ id, instance, url }))
  return { nodes, maxWorkers: 5 }
}

/** As if the machines had come up, with a certificate each. */
export const brought: Bring = async (launched, _, { settings }) => ({
  nodes: launched.map(({ id, instance, publicAddress }) => ({
    id,
    instance,
    url: `https://${publicAddress}:8443`,
    certificate: `certificate of ${instance}`,
  })),
  maxWorkers: settings.maxWorkers ?? 5,
})

function shown({ stdout, stderr, exitCode }: Ran): Ran {
  return { stdout: withoutIds(stdout), stderr: withoutIds(stderr), exitCode }
}

/** Ids are others each time. */
export function withoutIds(text: string): string {
  return text.replace(/\b(i|sg|vpc|ami|subnet)-[0-9a-f]{8,}\b/g, '$1-ID')
}

/** The rules that let somebody in from outside. */
export function opened(standin: Standin): string[] {
  return [...standin.world.groups.values()]
    .filter(({ name }) => name !== 'default')
    .flatMap(({ rules }) => rules.filter(({ egress }) => !egress))
    .map(({ source, from }) => `${Object.values(source)[0]} ${from}`)
    .filter((rule) => !rule.startsWith('sg-'))
    .sort()
}
