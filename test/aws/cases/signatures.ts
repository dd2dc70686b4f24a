// Signatures, and the identity proof that somebody else sends on.

import { createHash, createHmac } from 'node:crypto'
import { request } from 'node:http'
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { ListRolesCommand } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { describe, expect, test } from 'vitest'
import { account, launch, outcome, profile, refusal, settled } from '../clients.ts'

const minute = 60_000

describe('signatures', () => {
  test('the operator is the user whose key signed', async () => {
    const { sts } = await account()
    const identity = await sts.send(new GetCallerIdentityCommand())
    expect(identity.Arn).toBe('arn:aws:iam::123456789012:user/operator')
    expect(identity.Account).toBe('123456789012')
  })

  test.each([
    ['the wrong secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['an unknown key', { accessKeyId: 'AKIAUNKNOWN' }, 'InvalidClientTokenId'],
    ['a made up token', { sessionToken: 'x' }, 'InvalidClientTokenId'],
  ])('%s is refused in the words of each service', async (_, wrong, code) => {
    const { as, standin } = await account()
    const { sts, iam, ec2 } = as({ ...standin.operator, ...wrong })
    const error = await refusal(sts.send(new GetCallerIdentityCommand()))
    expect([error.name, error.$metadata.httpStatusCode]).toEqual([code, 403])
    expect(await outcome(iam.send(new ListRolesCommand()))).toBe(code)
    const fromEc2 = await refusal(ec2.send(new DescribeVpcsCommand()))
    expect([fromEc2.name, fromEc2.$metadata.httpStatusCode]).toEqual(['AuthFailure', 401])
    expect(standin.calls.at(-1)).toMatchObject({ action: 'DescribeVpcs', outcome: 'AuthFailure' })
    expect(standin.calls.at(-1)?.who).toBeUndefined()
  })

  test('an unsigned request and one for another region are refused', async () => {
    const { standin } = await account()
    const body = 'Action=GetCallerIdentity&Version=2011-06-15'
    const response = await fetch(standin.url, { method: 'POST', body })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('<Code>MissingAuthenticationToken</Code>')
    const elsewhere = new EC2Client({
      endpoint: standin.url,
      region: 'eu-central-1',
      credentials: standin.operator,
    })
    expect(await outcome(elsewhere.send(new DescribeVpcsCommand()))).toBe('AuthFailure')
  })

  test.each([16, -16])('a clock %i minutes off is too far', async (minutes) => {
    const skewed = await account({ wall: () => Date.now() + minutes * minute })
    expect(await outcome(skewed.ec2.send(new DescribeVpcsCommand()))).toBe('RequestExpired')
    // The next call is right: the SDK takes the server's clock from its answer.
    expect(await outcome(skewed.ec2.send(new DescribeVpcsCommand()))).toBe('ok')
  })

  test('role credentials name the instance, expire, and die with their role', async () => {
    let ahead = 0
    const here = await account({ wall: () => Date.now() + ahead })
    const { standin, as, clock } = here
    await profile(here, 'tm-node', [{ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }])
    const bare = await launch(here)
    expect(standin.credentialsFor(bare)).toBeUndefined()
    const id = await launch(here, { IamInstanceProfile: { Name: 'tm-node' } })
    clock.advance(settled)
    const credentials = standin.credentialsFor(id, 10 * minute)
    if (!credentials) throw new Error('no credentials')
    const { sts } = as(credentials)
    const identity = await sts.send(new GetCallerIdentityCommand())
    expect(identity.Arn).toBe(`arn:aws:sts::123456789012:assumed-role/tm-node/${id}`)
    expect(identity.UserId).toMatch(new RegExp(`^AROA.*:${id}$`))
    const { sessionToken, ...halves } = credentials
    expect(await outcome(as(halves).sts.send(new GetCallerIdentityCommand()))).toBe(
      'InvalidClientTokenId',
    )
    ahead = 12 * minute
    expect(await outcome(sts.send(new GetCallerIdentityCommand()))).toBe('ExpiredToken')
    ahead = 0
    standin.world.roles.delete('tm-node')
    expect(await outcome(sts.send(new GetCallerIdentityCommand()))).toBe('InvalidClientTokenId')
  })
})

describe('the identity proof', () => {
  const body = 'Action=GetCallerIdentity&Version=2011-06-15'
  const host = 'sts.us-east-1.amazonaws.com'

  /** Signs as a node would, with a header of its own that binds the nonce. */
  function sign(key: { accessKeyId: string; secretAccessKey: string }, proof: string) {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const date = time.slice(0, 8)
    const names = 'host;x-amz-date;x-tm-proof'
    const sha = (text: string) => createHash('sha256').update(text).digest('hex')
    const lines = [`host:${host}`, `x-amz-date:${time}`, `x-tm-proof:${proof}`]
    const canonical = ['POST', '/', '', ...lines, '', names, sha(body)].join('\n')
    const scope = `${date}/us-east-1/sts/aws4_request`
    const hmac = (by: string | Buffer, text: string) =>
      createHmac('sha256', by).update(text).digest()
    const signing = [date, 'us-east-1', 'sts', 'aws4_request'].reduce<string | Buffer>(
      hmac,
      `AWS4${key.secretAccessKey}`,
    )
    const signature = hmac(
      signing,
      `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha(canonical)}`,
    ).toString('hex')
    const credential = `Credential=${key.accessKeyId}/${scope}`
    const signed = `SignedHeaders=${names}, Signature=${signature}`
    const authorization = `AWS4-HMAC-SHA256 ${credential}, ${signed}`
    return { host, 'x-amz-date': time, 'x-tm-proof': proof, authorization }
  }

  function forward(url: string, headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      request(url, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end(body)
    })
  }

  test('is good when somebody else sends it, and not with a header changed or added', async () => {
    const { standin } = await account()
    const headers = sign(standin.operator, 'nonce-1')
    expect(await forward(standin.url, headers)).toBe(200)
    expect(standin.calls.at(-1)?.who).toBe('arn:aws:iam::123456789012:user/operator')
    expect(await forward(standin.url, { ...headers, 'x-tm-proof': 'nonce-2' })).toBe(403)
    expect(await forward(standin.url, { ...headers, host: 'elsewhere' })).toBe(403)
    expect(await forward(standin.url, { ...headers, 'x-amz-target': 'more' })).toBe(400)
    const { 'x-tm-proof': _, ...without } = headers
    expect(await forward(standin.url, without)).toBe(403)
  })
})
