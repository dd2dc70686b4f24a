import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Binding, bindingOf } from '../../../../src/provider/ec2/adopt/proof/binding.ts'
import { checkProof } from '../../../../src/provider/ec2/adopt/proof/check.ts'
import { signProof } from '../../../../src/provider/ec2/adopt/proof/request.ts'
import { makeCertificate } from '../../../tls.ts'
import { type Account, openAccount, up } from '../account.ts'

let account: Account
const certificate = makeCertificate().cert
const asked: Binding = { prover: 'operator', cluster: 'test', nonce: 'n-1', certificate }

beforeAll(async () => {
  account = await openAccount()
})
afterAll(async () => await account.close())

async function prove(binding: Binding, credentials: Parameters<typeof signProof>[0]) {
  const { region } = account.aws
  return await signProof(credentials, { region, binding: bindingOf(binding) })
}

it('tells who signed it', async () => {
  const proof = await prove(asked, account.standin.operator)
  const prover = await checkProof(account.aws, { proof, binding: bindingOf(asked) })
  expect(prover).toEqual({
    account: '123456789012',
    arn: 'arn:aws:iam::123456789012:user/operator',
  })
})

it('tells which instance signed it, with the credentials of its role', async () => {
  await up(account.site, { nodes: ['node-1'] })
  const id = account.standin.instances().find(({ state }) => state === 'running')?.id as string
  const given = account.standin.credentialsFor(id)
  if (!given) throw new Error('it has no role')
  const mine: Binding = { ...asked, prover: 'node' }
  const proof = await prove(mine, given)
  const { arn } = await checkProof(account.aws, { proof, binding: bindingOf(mine) })
  expect(arn).toBe(`arn:aws:sts::123456789012:assumed-role/tm-us-east-1-test/${id}`)
})

it.each<[string, Partial<Binding>]>([
  ['another question', { nonce: 'n-2' }],
  ['another cluster', { cluster: 'other' }],
  ['another end of the connection', { certificate: makeCertificate().cert }],
  ['the other side', { prover: 'node' }],
])('is refused for %s', async (_, changed) => {
  const proof = await prove(asked, account.standin.operator)
  const binding = bindingOf({ ...asked, ...changed })
  await expect(checkProof(account.aws, { proof, binding })).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('SignatureDoesNotMatch'),
  })
})

it('is refused when the binding is not among what was signed', async () => {
  const proof = await prove(asked, account.standin.operator)
  const authorization = proof.authorization.replace(';x-tm-binding', '')
  const binding = bindingOf(asked)
  const check = checkProof(account.aws, { proof: { ...proof, authorization }, binding })
  await expect(check).rejects.toMatchObject({ code: 'forbidden' })
})

it('is refused when it says beside the header what is not in it', async () => {
  const proof = await prove(asked, account.standin.operator)
  const binding = bindingOf(asked)
  const beside = proof.authorization.replace(
    'SignedHeaders=',
    'XSignedHeaders=host;x-tm-binding, SignedHeaders=',
  )
  for (const wrong of [
    { authorization: beside },
    { 'x-amz-date': '1\r\nx: y' },
    { 'x-amz-date': 7 as never },
  ]) {
    const check = checkProof(account.aws, { proof: { ...proof, ...wrong }, binding })
    await expect(check).rejects.toMatchObject({ code: 'forbidden' })
  }
})

it('is refused with a key that AWS does not know', async () => {
  const proof = await prove(asked, { accessKeyId: 'AKIANOBODY0000000000', secretAccessKey: 'x' })
  const check = checkProof(account.aws, { proof, binding: bindingOf(asked) })
  await expect(check).rejects.toMatchObject({ code: 'forbidden' })
})
