/** The other nodes of the cluster: a list kept on disk, and a client for each. */
import type { z } from 'zod'
import { type Client, connect } from '../api/client.ts'
import type { siblingSchema } from '../api/contract/schemas.ts'
import type { NodeDocuments } from './store/node-documents.ts'

export type Sibling = z.infer<typeof siblingSchema>

/** The calls that a node makes to its siblings. */
export type SiblingClient = Pick<
  Client,
  | 'getState'
  | 'listResults'
  | 'lookupTasks'
  | 'markPulled'
  | 'pauseJob'
  | 'requestLoan'
  | 'renewLoan'
  | 'returnLoan'
>

export interface Siblings {
  list(): (Sibling & { client: SiblingClient })[]
  known(): Sibling[]
  /** Resolves when the list is on disk. */
  set(siblings: Sibling[]): Promise<void>
}

export async function loadSiblings(
  documents: NodeDocuments,
  dial: (sibling: Sibling) => SiblingClient,
): Promise<Siblings> {
  const connected = (sibling: Sibling) => ({ ...sibling, client: dial(sibling) })
  const saved = ((await documents.load('siblings')) ?? []) as Sibling[]
  let siblings = saved.map(connected)
  return {
    list: () => siblings,
    known: () => siblings.map(({ client: _, ...sibling }) => sibling),
    async set(next) {
      await documents.save('siblings', next)
      siblings = next.map(connected)
    },
  }
}

/** Connects to siblings over HTTP with this node's token. */
export function dialWith(token: () => string): (sibling: Sibling) => SiblingClient {
  return ({ url, certificate }) => connect({ url, token, certificate })
}
