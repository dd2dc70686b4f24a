/**
 * The client of a node, for commands, workers and siblings: a method for each route in the table,
 * typed by its operation in `contract/`. A call returns the data of the answer or throws a `TmError`:
 * the error that the node sent, or `unreachable`.
 */
import type { z } from 'zod'
import { messageOf, TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'
import type * as contract from './contract/contract.ts'
import { protocol, protocolHeader } from './protocol.ts'
import { type Route, type RouteName, routes } from './routes.ts'
import { type Answer, createTransport, errorIn, type RequestOptions } from './transport.ts'

export interface ConnectOptions {
  /** Empty for a node that has never been up: every call says so. */
  url: string
  /** A function if the token may change. */
  token: string | (() => string)
  /** PEM: the only certificate to trust. Without it, the connection has no TLS. */
  certificate?: string | undefined
}

export type Client = { url: string } & { [N in RouteName]: Call<N> }

export function connect({ url, token, certificate }: ConnectOptions): Client {
  const send = createTransport(certificate)
  const bearer = () => `Bearer ${typeof token === 'string' ? token : token()}`

  async function call(route: Route, request: AnyRequest): Promise<unknown> {
    if (url === '') throw notUpYet()
    const { params, query, headers, json, body, ...options } = request
    const type = json === undefined ? route.sends : 'application/json'
    const answer = await send(
      url + fillPath(route.path, params) + queryString(query),
      {
        method: route.method.toUpperCase(),
        headers: {
          authorization: bearer(),
          [protocolHeader]: String(protocol),
          ...(type ? { 'content-type': type } : {}),
          ...headers,
        },
        body: json === undefined ? (body ?? null) : JSON.stringify(json),
      },
      options,
    )
    return read(route, answer)
  }

  const calls = Object.entries(routes).map(([name, route]) => [
    name,
    (request: AnyRequest = {}) => call(route, request),
  ])
  return { url, ...Object.fromEntries(calls) } as Client
}

/** A `tm up` was interrupted before the node said where it listens. */
function notUpYet(): TmError {
  return new TmError('unreachable', 'it is not up yet', {
    suggestions: [suggest`Complete the cluster: ${tm('up')}`],
  })
}

function read(route: Route, answer: Answer): unknown {
  const isSuccess = answer.status >= 200 && answer.status < 300
  if (isSuccess) return route.receives === 'bytes' ? answer.bytes : parseJson(answer)
  if (route.alsoAnswers?.includes(answer.status)) {
    const settled = parseJson(answer) as { error?: unknown }
    if (settled.error === undefined) return settled
  }
  const error = errorIn(answer)
  if (route.mayBeAbsent && error.code === 'not_found') return undefined
  throw error
}

function parseJson({ bytes }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw new TmError('unreachable', `The answer was interrupted: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

type Values = Record<string, string | number | undefined>

function fillPath(path: string, params: Values = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
}

function queryString(query: Values = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length > 0 ? `?${new URLSearchParams(given)}` : ''
}

interface AnyRequest extends RequestOptions {
  params?: Values
  query?: Values
  headers?: Record<string, string>
  json?: unknown
  body?: Uint8Array<ArrayBuffer>
}

type Call<N extends RouteName> =
  object extends RequestOf<N>
    ? (request?: RequestOf<N>) => Promise<AnswerOf<N>>
    : (request: RequestOf<N>) => Promise<AnswerOf<N>>

/** The argument of a call: the parts of its request, and options for sending it. */
export type RequestOf<N extends RouteName> = RequestOptions &
  PartOf<N, 'params'> &
  PartOf<N, 'query'> &
  HeadersOf<N> &
  BodyOf<N>

/** The result of a call: JSON by its schema, or bytes; undefined where it may be absent. */
export type AnswerOf<N extends RouteName> =
  | ((typeof routes)[N] extends { receives: 'bytes' } ? Uint8Array<ArrayBuffer> : JsonOf<N>)
  | ((typeof routes)[N] extends { mayBeAbsent: true } ? undefined : never)

type Operation<N extends RouteName> = (typeof contract)[N]

type PartOf<N extends RouteName, P extends 'params' | 'query'> =
  Operation<N> extends { request: { [K in P]: infer S extends z.ZodType } }
    ? object extends Given<S>
      ? { [K in P]?: Given<S> }
      : { [K in P]: Given<S> }
    : unknown

/** Values rather than the text that is sent; optional where the schema has a default. */
type Given<S extends z.ZodType> = {
  [K in keyof z.input<S>]: K extends keyof z.output<S> ? z.output<S>[K] : never
}

type HeadersOf<N extends RouteName> =
  Operation<N> extends { request: { headers: infer S extends z.ZodType } }
    ? { headers?: z.input<S> }
    : unknown

type BodyOf<N extends RouteName> = (typeof routes)[N] extends { sends: string }
  ? { body: Uint8Array<ArrayBuffer> }
  : Operation<N> extends { request: { body: JsonContent<infer S> } }
    ? { json: z.input<S> }
    : unknown

interface JsonContent<S extends z.ZodType> {
  content: { 'application/json': { schema: S } }
}

type JsonOf<N extends RouteName> =
  Operation<N> extends { responses: infer R }
    ? {
        [S in keyof R & (200 | 201 | 202)]: R[S] extends JsonContent<infer Z> ? z.output<Z> : never
      }[keyof R & (200 | 201 | 202)]
    : never

export type NodeState = AnswerOf<'getState'>
export type Task = AnswerOf<'getTask'>
export type Result = AnswerOf<'listResults'>['results'][number]
