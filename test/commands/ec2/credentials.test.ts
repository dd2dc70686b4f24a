/**
 * Commands that call AWS, with credentials of every broken sort: each says why it could not look, and
 * its exit code is never 0. Only where nothing of AWS is set up does `tm` do without it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Laptop, openLaptop } from './laptop.ts'

let laptop: Laptop
const folders: string[] = []
afterEach(async () => {
  await laptop.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** The path of an AWS configuration; the SDK reads each path only once. */
function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tm-aws-config-'))
  folders.push(folder)
  writeFileSync(join(folder, 'config'), text)
  return join(folder, 'config')
}

const keys = 'aws_access_key_id = AKIA\naws_secret_access_key = secret\n'
const region = 'region = us-east-1\n'

/** What the environment has besides the endpoint. */
type Environment = (laptop: Laptop) => Record<string, string> | Promise<Record<string, string>>
type Sort = [name: string, reason: RegExp, env: Environment]

const sorts: Sort[] = [
  ['none, where a region is set', /no AWS credentials found/, () => ({ AWS_REGION: 'us-east-1' })],
  [
    'a profile that needs a code',
    /requires multi-factor authentication/,
    () => ({
      AWS_PROFILE: 'mfa',
      AWS_CONFIG_FILE: configFile(
        `[profile base]\n${keys}[profile mfa]\n${region}source_profile = base\n` +
          'role_arn = arn:aws:iam::1:role/r\nmfa_serial = arn:aws:iam::1:mfa/m\n',
      ),
    }),
  ],
  [
    'a program that fails',
    /Command failed: \/bin\/false/,
    () => ({
      AWS_PROFILE: 'program',
      AWS_CONFIG_FILE: configFile(`[profile program]\n${region}credential_process = /bin/false\n`),
    }),
  ],
  [
    'a program that fails, of the default profile and without a region',
    /No AWS region configured|Command failed: \/bin\/false/,
    () => ({ AWS_CONFIG_FILE: configFile('[default]\ncredential_process = /bin/false\n') }),
  ],
  [
    'a profile that does not exist',
    /Could not resolve credentials using profile: \[wrok\]/,
    () => ({
      AWS_REGION: 'us-east-1',
      AWS_PROFILE: 'wrok',
      AWS_CONFIG_FILE: configFile(`[profile work]\n${keys}`),
    }),
  ],
  [
    'a profile that does not exist, without a region',
    /No AWS region configured|Could not resolve credentials/,
    () => ({ AWS_PROFILE: 'wrok', AWS_CONFIG_FILE: configFile(`[profile work]\n${keys}`) }),
  ],
  [
    'a session that has expired',
    /the AWS credentials have expired/,
    async (at) => {
      await at.up({ nodes: 1, state: at.clusterState('other') })
      const [node] = at.standin.instances()
      const expired = at.standin.credentialsFor(node?.id ?? '', -1000)
      return {
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: expired?.accessKeyId ?? '',
        AWS_SECRET_ACCESS_KEY: expired?.secretAccessKey ?? '',
        AWS_SESSION_TOKEN: expired?.sessionToken ?? '',
      }
    },
  ],
  [
    'keys that AWS refuses',
    /AWS does not accept the credentials/,
    ({ env }) => ({ ...env, AWS_SECRET_ACCESS_KEY: 'wrong' }),
  ],
]

const commands = [
  ['up', '--yes', '--cluster', 'ci-1', '--allow-cidr', '203.0.113.7'],
  ['up', '--dry-run', '--cluster', 'ci-1', '--allow-cidr', '203.0.113.7'],
  ['down', '--yes', '--cluster', 'ci-1'],
  ['list'],
  ['allow-ip', '--cluster', 'ci-1', '--cidr', '203.0.113.7'],
  ['logs', 'node-1', '--cluster', 'ci-1', '--region', 'us-east-1'],
]

describe.each(sorts)('credentials: %s', (_, reason, environment) => {
  it('every command that calls AWS says so, and its exit code is not 0', async () => {
    laptop = await openLaptop()
    const env = { AWS_ENDPOINT_URL: laptop.standin.url, ...(await environment(laptop)) }
    const left = laptop.standin.leftovers()
    for (const argv of commands) {
      const { stderr, exitCode } = await laptop.tm(argv, { env })
      const why = `${argv.join(' ')}: ${stderr}`
      expect(stderr, why).toMatch(reason)
      expect(exitCode, why).toBeGreaterThan(0)
      expect(stderr, why).not.toContain('Nothing is left')
    }
    expect(laptop.standin.leftovers()).toEqual(left)
  })
})

describe('what tm does all the same', () => {
  it('a clock that is wrong by an hour: it goes by the clock of AWS', async () => {
    laptop = await openLaptop({ wall: () => Date.now() + 3_600_000 })
    await laptop.up({ nodes: 1 })
    const { stdout, stderr, exitCode } = await laptop.tm(['list'])
    expect({ stdout, stderr, exitCode }).toMatchObject({ stderr: '', exitCode: 0 })
    expect(stdout).toContain('default\tus-east-1\t1')
  })

  it('nothing of AWS is set up: what is here is listed and removed', async () => {
    laptop = await openLaptop()
    expect(await laptop.tm(['list'], { env: {} })).toEqual({
      stdout: '',
      stderr:
        'EC2 is left out: AWS is not set up on this machine: no region and no credentials are configured\n',
      exitCode: 0,
    })
    const { stderr, exitCode } = await laptop.tm(['down', '--yes'], { env: {} })
    expect(stderr).toBe(
      'EC2 was not looked at: AWS is not set up on this machine.\nNothing is left of cluster default.\n',
    )
    expect(exitCode).toBe(0)
  })

  it('a program that gives credentials runs once for all services', async () => {
    laptop = await openLaptop()
    const { accessKeyId, secretAccessKey } = laptop.standin.operator
    const answer = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }
    const config = configFile('')
    const program = `sh -c 'echo ran >> ${config}.log; echo '"'"'${JSON.stringify(answer)}'"'"`
    writeFileSync(config, `[profile p]\n${region}credential_process = ${program}\n`)
    const env = { AWS_ENDPOINT_URL: laptop.standin.url, AWS_CONFIG_FILE: config }
    const { stderr, exitCode } = await laptop.tm(['list', '--profile', 'p'], { env })
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(readFileSync(`${config}.log`, 'utf8')).toBe('ran\n')
  })
})
