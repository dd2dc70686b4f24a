// One request from the wire to the answer: signature, hooks, ordered faults, then the action
// itself, which runs in one go, so calls at the same time can't interleave.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Actions, authorizer, type Context } from './action.ts'
import { failure, type ServiceName, success } from './answer.ts'
import { authenticate, serviceOf } from './authenticate.ts'
import type { Call, Hooks } from './calls.ts'
import { ec2Actions } from './ec2/actions.ts'
import { AwsError } from './errors.ts'
import { type FaultSpec, type Faults, faultError } from './faults.ts'
import { iamActions } from './iam/actions.ts'
import type { Principal } from './keys.ts'
import { parseQuery, type Query, refuseUnknown } from './query.ts'
import { jsonQuery, quotaActions } from './service-quotas.ts'
import type { World } from './state.ts'
import { stsActions } from './sts.ts'

const services: Record<ServiceName, Actions> = {
  ec2: ec2Actions,
  iam: iamActions,
  sts: stsActions,
  servicequotas: quotaActions,
}

export interface Parts {
  world: World
  faults: Faults
  hooks: Hooks
  calls: Call[]
}

export async function serve(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { world, calls } = parts
  const body = Buffer.concat(await request.toArray())
  // Answered by the clock that signatures are checked by: the SDK corrects its own from it.
  response.setHeader('date', new Date(world.options.wall()).toUTCString())
  const url = request.url ?? '/'
  const form = request.method === 'GET' ? (url.split('?')[1] ?? '') : body.toString()
  const [target] = [request.headers['x-amz-target']].flat().filter(isForQuotas)
  const { query, malformed } = target ? readJson(target, form) : read(form)
  const service = target ? 'servicequotas' : serviceOf(query.version)
  const call: Call = {
    number: calls.length + 1,
    time: new Date(world.clock.now()),
    service,
    action: query.action,
    params: query.params.toJSON(),
    from: request.socket.remoteAddress,
  }
  calls.push(call)
  const requestId = randomUUID()
  const send = (status: number, xml: string) => {
    call.status = status
    response.setHeader('x-amzn-requestid', requestId)
    response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' }).end(xml)
  }
  try {
    if (malformed) throw malformed
    if (!service) throw new AwsError('InvalidAction', `No service with version ${query.version}`)
    const { who, region } = authenticate(world, service, signed(request, url, body))
    call.who = who.arn
    const result = await act(parts, call, { query, service, who, region })
    call.outcome = result === 'cut' ? 'cut' : 'ok'
    if (result === 'cut') request.socket.destroy()
    else send(200, success(service, query.action, result, requestId))
  } catch (error) {
    const known = error instanceof AwsError ? error : broken(error)
    call.outcome = known.code
    send(known.status, failure(service ?? 'ec2', known, requestId))
  }
}

function isForQuotas(target: string | undefined): boolean {
  return target?.startsWith('ServiceQuotas') ?? false
}

function readJson(target: string, form: string): ReturnType<typeof read> {
  return { query: jsonQuery(target, form) }
}

function read(form: string): { query: Query; malformed?: AwsError } {
  try {
    return { query: parseQuery(form) }
  } catch (error) {
    if (error instanceof AwsError) return { query: parseQuery(''), malformed: error }
    throw error
  }
}

interface Asked {
  query: Query
  service: ServiceName
  who: Principal
  region: string
}

async function act({ world, faults, hooks }: Parts, call: Call, asked: Asked) {
  const { query, who } = asked
  const fault = faults.meet({ action: query.action, flat: query.flat, who: who.kind })
  await hooks.run(call, 'before')
  if (fault && !fault.after) return fail(fault)
  const result = perform(world, asked)
  await hooks.run(call, 'after')
  return fault ? fail(fault) : result
}

function fail(fault: FaultSpec): 'cut' {
  if (fault.cut) return 'cut'
  throw faultError(fault)
}

function perform(world: World, { query, service, who, region }: Asked) {
  const action = services[service][query.action]
  if (!action) {
    throw new AwsError(
      'InvalidAction',
      `The action ${query.action} is not valid for this web service (the stand-in has no such)`,
    )
  }
  refuseUnknown(query, action.takes)
  const check = authorizer(world, who, region)
  let asked = false
  const context: Context = {
    world,
    params: query.params,
    query,
    who,
    allow(...need) {
      asked = true
      check(...need)
    },
    dryRun() {
      if (!query.params.flag('DryRun')) return
      throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.')
    },
  }
  const result = action.run(context)
  if (!asked) throw new Error(`${query.action} asked for no permission`)
  return result
}

function signed(request: IncomingMessage, url: string, body: Buffer) {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  )
  return { method: request.method ?? '', url, headers, body }
}

/** A mistake in the stand-in itself: loud, and not to be taken for AWS's answer. */
function broken(error: unknown): AwsError {
  console.error('the AWS stand-in failed:', error)
  return new AwsError('StandinBroken', String(error), 501)
}
