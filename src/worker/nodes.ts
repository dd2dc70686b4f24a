/**
 * Where a worker's tasks come from: its own node first, its siblings when that one has none. Claims
 * from them, keeps the leases alive, and knows when it last heard of any of them.
 */
import { type Client, connect } from '../client/client.ts'
import { messageOf, TmError } from '../core/errors.ts'
import type { Lease } from '../core/task.ts'
import { createLink, type Link } from './link.ts'
import type { Held } from './slot.ts'

export interface NodesOptions {
  worker: string
  url: string
  certificate?: string | undefined
  token: string
  /** Called with another token that takes its place, before that is used. */
  onToken: (token: string) => Promise<void>
  onProblem: (what: string, error: unknown) => void
}

export interface Wish {
  max: number
  maxWork: number
  /** Milliseconds to wait at the own node when there is nothing. */
  wait: number
  signal: AbortSignal
}

interface Node {
  client: Client
  link: Link
}

/** A sibling that is away must not hold up the own node's tasks. Milliseconds. */
const siblingPatience = 2000

export type Nodes = ReturnType<typeof createNodes>

export function createNodes(options: NodesOptions) {
  const { worker, url, onToken, onProblem } = options
  let { token } = options
  let lastContact = performance.now()
  let ownContact = lastContact
  let borrowed = false
  let problem = ''
  let refusal: string | undefined
  const byUrl = new Map<string, Node>()
  const own = nodeAt(options)
  let siblings: Node[] = []

  function nodeAt(at: { url: string; certificate?: string | undefined }): Node {
    const known = byUrl.get(at.url)
    if (known) return known
    const client = connect({ url: at.url, certificate: at.certificate, token: () => token })
    const node = { client, link: createLink({ client, onContact: contact, onProblem }) }
    byUrl.set(at.url, node)
    return node
  }

  function contact(): void {
    lastContact = performance.now()
    problem = ''
  }

  /** Logged when it changes, not every second for as long as a node is away. */
  function complain(what: string, error: unknown): void {
    const text = `${what}: ${messageOf(error)}`
    if (text !== problem) onProblem(what, error)
    problem = text
  }

  async function claimFrom({ client }: Node, wish: Wish, wait: number): Promise<Lease[]> {
    const { max, maxWork, signal } = wish
    const timeout = wait + (client === own.client ? 10_000 : siblingPatience)
    try {
      const leases = await client.claim({ max, maxWork, wait }, { timeout, signal })
      contact()
      return leases
    } catch (error) {
      if (!signal.aborted) complain(`no claim from ${client.url}`, error)
      return []
    }
  }

  return {
    /** Leases from the first node that has any, and how to report on them. */
    async claim(wish: Wish): Promise<{ leases: Lease[]; from: Link }> {
      const first = await claimFrom(own, wish, wish.wait)
      if (first.length > 0) return { leases: first, from: own.link }
      for (const sibling of siblings) {
        if (wish.signal.aborted) break
        const leases = await claimFrom(sibling, wish, 0)
        if (leases.length > 0) return { leases, from: sibling.link }
      }
      return { leases: [], from: own.link }
    },

    /** Joins the own node, or says that this worker is still there; gives the settings. */
    async heartbeat(said: { slots: number; running: number; draining: boolean }) {
      try {
        const answer = await own.client.heartbeat(
          worker,
          { ...said, pid: process.pid },
          { timeout: 5000 },
        )
        contact()
        ownContact = lastContact
        borrowed = answer.borrowed
        siblings = answer.siblings.map(nodeAt)
        if (answer.token) {
          await onToken(answer.token)
          token = answer.token
        }
        return answer.settings
      } catch (error) {
        if (error instanceof TmError && error.code === 'incompatible') refusal = error.message
        complain(`no heartbeat to ${url}`, error)
        return undefined
      }
    },

    /** Renews all of these. Gives those that are lost. */
    async renew(held: Held[]): Promise<Held[]> {
      const lost = await Promise.all(
        [...byUrl.values()].map(async ({ client, link }) => {
          const mine = held.filter(({ from }) => from === link)
          if (mine.length === 0) return []
          try {
            const refs = mine.map(({ id, attempt }) => ({ id, attempt }))
            const verdicts = await client.renew(refs, { timeout: 5000 })
            contact()
            return mine.filter((_, index) => verdicts[index] !== 'done')
          } catch (error) {
            complain(`leases of ${client.url} were not renewed`, error)
            return []
          }
        }),
      )
      return lost.flat()
    },

    /** Tells the own node that this worker is gone. */
    async leave(): Promise<void> {
      await own.client.workerDown(worker, { timeout: 3000, retries: 2 }).catch((error) => {
        onProblem('the node did not hear that this worker stopped', error)
      })
    },

    /** Why the own node will never work with this worker, if so. */
    refusal: () => refusal,
    /** Milliseconds since any node last answered. */
    silence: () => performance.now() - lastContact,
    /** The same for the own node, while this worker stands in a place lent to it; else 0. */
    borrowedSilence: () => (borrowed ? performance.now() - ownContact : 0),
    links: () => [...byUrl.values()].map(({ link }) => link),
  }
}
