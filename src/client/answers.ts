/** From a node's answer to its data, or to the error it stands for. */
import { messageOf, TmError } from '../core/errors.ts'
import { errorIn } from './transport.ts'

/** The part of an answer that is used here; `json` is typed by the route. */
export interface Answer<T> {
  ok: boolean
  status: number
  json(): Promise<T>
  text(): Promise<string>
}

/** What a successful answer holds; any other answer is thrown as its error. */
export async function data<T>(answer: Promise<Answer<T>>): Promise<T> {
  const response = await answer
  if (!response.ok) throw await errorIn(response)
  return await read(() => response.json())
}

/** A connection that breaks in the middle of an answer is no answer. */
export async function read<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw new TmError('unreachable', `The answer broke off: ${messageOf(error)}`, { cause: error })
  }
}

/** Undefined in place of a 404. */
export async function orNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof TmError && error.code === 'not_found') return undefined
    throw error
  }
}

/** What a successful answer holds that is not JSON. */
export async function bytesOf(
  answer: Promise<Pick<Answer<unknown>, 'ok' | 'status' | 'text'> & Pick<Response, 'arrayBuffer'>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await answer
  if (!response.ok) throw await errorIn(response)
  return await read(async () => new Uint8Array(await response.arrayBuffer()))
}
