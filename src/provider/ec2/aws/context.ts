/**
 * AWS in one region: the clients, and the clock and signal that all retries share, as one value. Every
 * call to AWS goes through `call`, `attempt` or `list`.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { IAMClient } from '@aws-sdk/client-iam'
import type { STSClient } from '@aws-sdk/client-sts'
import { type BackoffLimits, backoffMs } from '../../../core/backoff.ts'
import { type Attempt, type CallOptions, type Client, type Command, retrying } from './call.ts'
import type { RetryContext } from './retry-context.ts'

/**
 * Without the SDK's retries, because the error table says what to retry. The SDK would retry a lack of
 * capacity, which comes as HTTP 500, and burn the quota of about two launches a second; and it takes
 * IAM's LimitExceeded, which is about a quota, for throttling, and would retry it for up to 50 s.
 */
export interface AwsClients {
  ec2: EC2Client
  iam: IAMClient
  sts: STSClient
}

export type AwsCredentials = Awaited<ReturnType<STSClient['config']['credentials']>>

export interface AwsContext {
  region: string
  clients: AwsClients
  /** Reads the monotonic clock that deadlines are measured with. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Sleeps before retry `n`, longer each time. */
  backoff(n: number, limits: BackoffLimits): Promise<void>
  /** Calls `look` until its result is not undefined, for at most `withinMs`. */
  until<Found>(look: () => Promise<Found | undefined>, withinMs: number): Promise<Found | undefined>
  /** Ends all retries and waits when it is aborted. */
  signal: AbortSignal | undefined
  /** The output of a command; undefined if AWS responds with one of `answers`. */
  call<Output>(
    command: Command<Output>,
    options: CallOptions<Output> & { answers: readonly string[] },
  ): Promise<Output | undefined>
  call<Output>(command: Command<Output>, options: CallOptions<Output>): Promise<Output>
  /** Like `call`, but says which of `answers` it was. */
  attempt<Output>(command: Command<Output>, options: CallOptions<Output>): Promise<Attempt<Output>>
  /** The operator's own, to sign with them what somebody else sends; `skewMs`: AWS's clock less ours. */
  credentials(): Promise<{ keys: AwsCredentials; skewMs: number }>
  /** The items of all pages. */
  list<Output extends Page, Item>(
    command: (token: string | undefined) => Command<Output>,
    items: (page: Output) => Item[] | undefined,
    options: CallOptions<Output>,
  ): Promise<Item[]>
}

/** EC2 names the next page by NextToken, IAM by Marker. */
interface Page {
  NextToken?: string | undefined
  Marker?: string | undefined
}

interface Sender {
  send<Output>(command: Command<Output>, options: { abortSignal: AbortSignal }): Promise<Output>
}

export function createContext(
  clients: AwsClients,
  region: string,
  retry: RetryContext,
): AwsContext {
  async function attempt<Output>(
    command: Command<Output>,
    {
      deadlineMs,
      retryForMs,
      answers,
      check,
      client = clientFor(command, clients),
      ...what
    }: CallOptions<Output>,
  ): Promise<Attempt<Output>> {
    // IAM has no regions: its errors name none.
    const context = client === clients.iam ? what : { ...what, region }
    const send = async (abortSignal: AbortSignal) => {
      const output = await (client as unknown as Sender).send(command, { abortSignal })
      check?.(output)
      return output
    }
    return await retrying(send, { retry, context, deadlineMs, retryForMs, answers })
  }
  const backoff = (n: number, limits: BackoffLimits) =>
    retry.sleep(backoffMs(n, limits, retry.random()), retry.signal)
  return {
    region,
    clients,
    now: retry.now,
    sleep: (ms) => retry.sleep(ms, retry.signal),
    backoff,
    async until(look, withinMs) {
      const deadline = retry.now() + withinMs
      for (let n = 0; ; n += 1) {
        const found = await look()
        if (found !== undefined || retry.now() > deadline) return found
        await backoff(n, { firstMs: 1000, maxMs: 5000 })
      }
    },
    signal: retry.signal,
    attempt,
    async credentials() {
      const { config } = clients.sts
      const context = { doing: 'reading the AWS credentials' }
      const { output } = await retrying(() => config.credentials(), { retry, context })
      return { keys: output as AwsCredentials, skewMs: config.systemClockOffset }
    },
    call: async <Output>(command: Command<Output>, options: CallOptions<Output>) =>
      (await attempt(command, options)).output as Output,
    async list<Output extends Page, Item>(
      command: (token: string | undefined) => Command<Output>,
      items: (page: Output) => Item[] | undefined,
      options: CallOptions<Output>,
    ) {
      const all: Item[] = []
      let token: string | undefined
      do {
        const { output } = await attempt(command(token), options)
        if (output) all.push(...(items(output) ?? []))
        token = output?.NextToken || output?.Marker || undefined
      } while (token !== undefined)
      return all
    },
  }
}

/** Reads the service from the command's schema: class names do not survive minification. */
function clientFor(command: Command<unknown>, { ec2, iam, sts }: AwsClients): Client {
  const [, namespace] = command.schema as [number, string]
  if (namespace === 'com.amazonaws.iam') return iam
  return namespace === 'com.amazonaws.sts' ? sts : ec2
}
