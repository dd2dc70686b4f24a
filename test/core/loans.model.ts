/**
 * A cluster of nodes that lend each other places, for `loans.property.test.ts`: real ledgers, over
 * a network that loses, doubles, delays and reorders, with clocks that start anywhere. Nodes use
 * every place they think they have, the moment they have it; workers leave as late as they may.
 */
import {
  count,
  current,
  emptyLedger,
  extend,
  forget,
  type Ledger,
  lend,
  restore,
  takeBack,
} from '../../src/core/loans.ts'
import { effectiveLimit } from '../../src/core/scaling/plan.ts'

export const duration = 90
/** What a worker in a borrowed place takes to leave: a third of a loan (section 6 of the design). */
export const leaving = 30

interface Question {
  id: string
  lender: number
  sentAt: number
}

/** Answers carry the number of the question, as HTTP answers belong to their request. */
type Message =
  | { kind: 'ask' | 'renew'; question: number; id: string; from: number; to: number }
  | { kind: 'return'; id: string; from: number; to: number }
  | { kind: 'answer'; question: number; to: number; granted?: number }

interface Node {
  own: number
  /** Its steady clock is the true time and this. */
  offset: number
  ledger: Ledger
  /** When each running worker will be gone, in true time; undefined for one that stays. */
  workers: (number | undefined)[]
  /** A hungry node fills every place, a sated one needs none. */
  hungry: boolean
  asked: Map<number, Question>
}

export class Cluster {
  readonly nodes: Node[]
  network: Message[] = []
  now = 0
  /** The most workers that a node ran beyond its own limit. */
  borrowedAtMost = 0
  #last = 0

  constructor(nodes: { own: number; offset: number }[]) {
    this.nodes = nodes.map(({ own, offset }) => {
      return { own, offset, ledger: emptyLedger, workers: [], hungry: false, asked: new Map() }
    })
  }

  get running(): number {
    return this.nodes.reduce((sum, { workers }) => sum + workers.length, 0)
  }

  get total(): number {
    return this.nodes.reduce((sum, { own }) => sum + own, 0)
  }

  limitOf({ own, ledger, offset }: Node): number {
    const { borrowed, lent } = current(ledger, this.now + offset)
    return effectiveLimit({ own, borrowed: borrowed.length, lent: lent.length })
  }

  ask(from: number, to: number): void {
    if (from === to) return
    this.#last += 1
    this.#question('ask', from, { id: `loan ${this.#last}`, lender: to })
  }

  /** Asks the same again, without having heard an answer. */
  askAgain(from: number, which: number): void {
    const open = pick([...this.#node(from).asked.values()], which)
    if (open) this.#question('ask', from, open)
  }

  renew(from: number, which: number): void {
    const loan = pick(this.#node(from).ledger.borrowed, which)
    if (loan) this.#question('renew', from, { id: loan.id, lender: Number(loan.peer) })
  }

  /** A worker goes, and the place that it was in is given back. */
  giveBack(from: number, which: number): void {
    const node = this.#node(from)
    const loan = pick(node.ledger.borrowed, which)
    if (!loan) return
    const after = { ...node, ledger: forget(node.ledger, loan.id) }
    const limit = this.limitOf(after)
    const staying = node.workers.indexOf(undefined)
    if (node.workers.length > limit && staying >= 0) node.workers.splice(staying, 1)
    if (node.workers.length > limit) return
    node.ledger = after.ledger
    for (const [question, { id }] of node.asked) if (id === loan.id) node.asked.delete(question)
    this.network.push({ kind: 'return', id: loan.id, from, to: Number(loan.peer) })
  }

  setHungry(at: number, hungry: boolean): void {
    const node = this.#node(at)
    node.hungry = hungry
    if (!hungry) node.workers = node.workers.filter((leaveBy) => leaveBy !== undefined)
  }

  raise(at: number): void {
    this.#node(at).own += 1
  }

  /** The process starts again, with another steady clock; its workers do not notice. */
  restart(at: number, offset: number): void {
    const node = this.#node(at)
    node.offset = offset
    node.ledger = restore(node.ledger, { now: this.now + offset, duration })
    node.asked.clear()
  }

  deliver(which: number): void {
    const message = this.lose(which)
    if (message) this.#receive(message)
  }

  double(which: number): void {
    const message = pick(this.network, which)
    if (message) this.network.push(message)
  }

  lose(which: number): Message | undefined {
    return this.network.splice(which % Math.max(1, this.network.length), 1)[0]
  }

  /** Lets time pass, stopping wherever a loan ends or a worker leaves. Calls `check` there. */
  pass(time: number, check: () => void): void {
    const end = this.now + time
    for (;;) {
      this.#settle()
      check()
      if (this.now === end) return
      this.now = Math.min(end, ...this.#events().filter((at) => at > this.now))
    }
  }

  #events(): number[] {
    return this.nodes.flatMap(({ ledger, offset, workers }) => [
      ...[...ledger.borrowed, ...ledger.lent].map(({ expiresAt }) => expiresAt - offset),
      ...workers.filter((leaveBy) => leaveBy !== undefined),
    ])
  }

  /** Workers leave whose time has come; too many are told to; hungry nodes fill what is free. */
  #settle(): void {
    for (const node of this.nodes) {
      node.workers = node.workers.filter((leaveBy) => leaveBy === undefined || leaveBy > this.now)
      const staying = () => node.workers.indexOf(undefined)
      const limit = this.limitOf(node)
      const count = () => node.workers.filter((leaveBy) => leaveBy === undefined).length
      while (count() > limit) node.workers[staying()] = this.now + leaving
      if (node.hungry) while (node.workers.length < limit) node.workers.push(undefined)
      this.borrowedAtMost = Math.max(this.borrowedAtMost, node.workers.length - node.own)
    }
  }

  #question(kind: 'ask' | 'renew', from: number, { id, lender }: Omit<Question, 'sentAt'>): void {
    const node = this.#node(from)
    this.#last += 1
    node.asked.set(this.#last, { id, lender, sentAt: this.now + node.offset })
    this.network.push({ kind, question: this.#last, id, from, to: lender })
  }

  #receive(message: Message): void {
    const node = this.#node(message.to)
    const time = { now: this.now + node.offset, duration }
    if (message.kind === 'answer') {
      const question = node.asked.get(message.question)
      node.asked.delete(message.question)
      if (!question || message.granted === undefined) return
      const { id, lender, sentAt } = question
      const loan = { id, lender: String(lender), duration: message.granted, sentAt }
      node.ledger = count(node.ledger, loan)
      return
    }
    const ask = { id: message.id, borrower: String(message.from) }
    if (message.kind === 'return') {
      node.ledger = takeBack(node.ledger, ask)
      return
    }
    this.network.push({
      kind: 'answer',
      question: message.question,
      to: message.from,
      granted: message.kind === 'ask' ? this.#lend(node, ask, time) : this.#extend(node, ask, time),
    })
  }

  #lend(
    node: Node,
    ask: { id: string; borrower: string },
    time: { now: number; duration: number },
  ) {
    const means = { own: node.own, active: node.workers.length, backlog: 0 }
    const { ledger, answer } = lend(node.ledger, ask, means, time)
    node.ledger = ledger
    return answer.granted ? answer.loan.duration : undefined
  }

  #extend(
    node: Node,
    ask: { id: string; borrower: string },
    time: { now: number; duration: number },
  ) {
    const extended = extend(node.ledger, ask, node.own, time)
    node.ledger = extended ?? node.ledger
    return extended && time.duration
  }

  #node(at: number): Node {
    return this.nodes[at] as Node
  }
}

function pick<T>(list: T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)]
}
