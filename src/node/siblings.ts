/** The other nodes of the cluster: who they are, kept on disk, and a way to ask each. */
import { connect } from '../client/client.ts'
import type { Patience } from '../client/transport.ts'
import type { Answer } from '../core/loans.ts'
import type { Result, Task } from '../core/task.ts'
import type { Store } from './store/store.ts'

export interface Sibling {
  id: string
  url: string
  /** PEM; where there is TLS. */
  certificate?: string | undefined
}

/** What one node asks of another. */
export interface SiblingClient {
  results(
    page: { limit: number; cursor?: number },
    patience: Patience,
  ): Promise<{ results: Result[]; next?: number }>
  lookup(ids: string[], patience: Patience): Promise<Task[]>
  markPulled(ids: string[], patience: Patience): Promise<void>
  askForLoan(loan: { id: string }, patience: Patience): Promise<Answer>
  renewLoan(loan: string, patience: Patience): Promise<{ duration: number } | undefined>
  returnLoan(loan: string, patience: Patience): Promise<unknown>
}

export interface Siblings {
  list(): (Sibling & { client: SiblingClient })[]
  known(): Sibling[]
  /** Answers when they are on disk. */
  set(siblings: Sibling[]): Promise<void>
}

export async function loadSiblings(
  store: Pick<Store, 'load' | 'save'>,
  dial: (sibling: Sibling) => SiblingClient,
): Promise<Siblings> {
  const reach = (sibling: Sibling) => ({ ...sibling, client: dial(sibling) })
  const saved = ((await store.load('siblings')) ?? []) as Sibling[]
  let siblings = saved.map(reach)
  return {
    list: () => siblings,
    known: () => siblings.map(({ client: _, ...sibling }) => sibling),
    async set(next) {
      await store.save('siblings', next)
      siblings = next.map(reach)
    },
  }
}

/** Siblings over HTTP, with this node's own token. */
export function dialWith(token: () => string): (sibling: Sibling) => SiblingClient {
  return ({ url, certificate }) => connect({ url, token, certificate })
}
