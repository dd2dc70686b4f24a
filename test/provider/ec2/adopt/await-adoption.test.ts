/** A node that waits for its owner, over real TLS, with the stand-in's STS to say who is who. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Shape } from '../../../../src/api/contract/terms.ts'
import { createTransport } from '../../../../src/api/transport.ts'
import {
  type Adoption,
  awaitAdoption,
  readAdoption,
} from '../../../../src/provider/ec2/adopt/machine/await-adoption.ts'
import {
  shownCertificate,
  unownedNode,
} from '../../../../src/provider/ec2/adopt/operator/unowned-node.ts'
import { bindingOf } from '../../../../src/provider/ec2/adopt/proof/binding.ts'
import { type Credentials, signProof } from '../../../../src/provider/ec2/adopt/proof/request.ts'
import { freePort } from '../../../free-port.ts'
import { makeCertificate } from '../../../tls.ts'
import { type Account, openAccount, up } from '../account.ts'

const adoption: Adoption = {
  secret: '07'.repeat(32),
  terms: { workers: { types: [] } as unknown as Shape },
  workerLoader: 'loads',
}
const tls = makeCertificate()
const owner = 'arn:aws:iam::123456789012:user/operator'

let account: Account
let folder: string
let file: string
let port: number
let adopted: Promise<Adoption>

beforeEach(async () => {
  account = await openAccount()
  folder = mkdtempSync(join(tmpdir(), 'tm-adoption-'))
  file = join(folder, 'claim.json')
  port = await freePort()
  const place = { id: 'node-1', cluster: 'test', region: 'us-east-1', program: 'p' }
  const machine = { kind: 'node' as const, ...place, port, owner }
  adopted = awaitAdoption({ machine, tls, aws: account.aws, file, onError: () => {} })
})
afterEach(async () => {
  // Whatever a test has left unclaimed: the port is freed by its owner.
  if (!readAdoption(file)) await send(account.standin.operator)
  await adopted
  rmSync(folder, { recursive: true })
  await account.close()
})

const node = () => unownedNode({ url: `https://127.0.0.1:${port}`, certificate: tls.cert })

async function send(
  credentials: Credentials,
  changed: { nonce?: string; cluster?: string; certificate?: string; prover?: 'node' } = {},
): Promise<string> {
  const nonce = changed.nonce ?? (await node().nonce())
  const asked = { prover: 'operator' as const, cluster: 'test', nonce, certificate: tls.cert }
  const binding = bindingOf({ ...asked, ...changed })
  const proof = await signProof(credentials, { region: 'us-east-1', binding })
  await node().adopt({ nonce, proof, claim: adoption })
  return nonce
}

it('obeys its owner, keeps what it was told where nobody else can read it, and frees the port', async () => {
  expect(await node().phase()).toBe('claim')
  await send(account.standin.operator)
  expect(await adopted).toEqual(adoption)
  expect(readAdoption(file)).toEqual(adoption)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await expect(node().phase()).rejects.toMatchObject({ code: 'unreachable' })
})

it('shows its certificate to whoever connects', async () => {
  expect((await shownCertificate('127.0.0.1', port)).trim()).toBe(tls.cert.trim())
})

it('does not obey anybody else of the same account', async () => {
  await up(account.site, { nodes: ['node-1'] })
  const id = account.standin.instances().find(({ state }) => state === 'running')?.id as string
  const role = account.standin.credentialsFor(id) as Credentials
  await expect(send(role)).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringMatching(/^node-1 belongs to .*user\/operator, not to .*assumed-role/),
  })
  expect(readAdoption(file)).toBeUndefined()
})

it.each([
  ['another cluster', { cluster: 'other' }],
  ['another key', { certificate: makeCertificate().cert }],
  ['a node', { prover: 'node' as const }],
])('does not take a proof that was made for %s', async (_, changed) => {
  await expect(send(account.standin.operator, changed)).rejects.toMatchObject({ code: 'forbidden' })
  expect(readAdoption(file)).toBeUndefined()
})

it('does not take a proof for a question that it has not asked', async () => {
  await expect(send(account.standin.operator, { nonce: 'f00' })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

it('does not take the answer to one question twice', async () => {
  const nonce = await node().nonce()
  await expect(send(account.standin.operator, { nonce, cluster: 'other' })).rejects.toThrow()
  await expect(send(account.standin.operator, { nonce })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

it('says nothing else, and does not choke on nonsense', async () => {
  const send = createTransport(tls.cert)
  const ask = (to: string, request: RequestInit = {}) => send(to, request, { timeoutMs: 5000 })
  const url = `https://127.0.0.1:${port}`
  expect((await ask(`${url}/v1/state`)).status).toBe(404)
  expect((await ask(`${url}/boot/claim`, { method: 'POST', body: 'nonsense' })).status).toBe(400)
  expect((await ask(`${url}/boot/claim`, { method: 'POST', body: '{}' })).status).toBe(503)
  expect(readAdoption(file)).toBeUndefined()
})
