/**
 * What a history is made of: what clients sent, what they were told, and what they could see. Nothing
 * in it is known in any other way. An event has a number, its place in the history; a look says how
 * long the history was when it was asked for, as answers may overtake each other.
 */

/** A task as its client knows it: the SHA-512 of its body stands for the body. */
export interface SentTask {
  id: string
  digest: string
  size: number
  iterations: number
}

export type Outcome = 'created' | 'known' | 'conflict' | 'taken'

export interface SeenTask {
  id: string
  state: string
  iterations: number
  size: number
  result?: string
}

export interface SeenResult {
  id: string
  result: string
  iterations: number
  completedAt: number
  attempts: number
}

export interface Counts {
  queued: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
}

export type Event =
  /** `whole`: so small that a node stores all of it or nothing. Sent again, it has a new number. */
  | { kind: 'sent'; request: number; node: string; whole: boolean; tasks: SentTask[] }
  /** One outcome a task; `taken` where the answer does not tell a new one from a known one. */
  | { kind: 'answered'; request: number; outcomes: Outcome[] }
  | { kind: 'refused'; request: number; status: number }
  | { kind: 'unheard'; request: number }
  | { kind: 'cancelling'; id: string }
  | { kind: 'cancel'; id: string; status: number }
  /** An answer about these ids. */
  | { kind: 'looked'; node: string; asked: number; ids: string[]; tasks: SeenTask[] }
  /** A page of results; of all nodes where there is no `node`. */
  | { kind: 'results'; node?: string; asked: number; results: SeenResult[] }
  /** An answer to somebody without a right to it. */
  | { kind: 'intruded'; path: string; status: number }
  /** Any other answer of a node that says it is broken. */
  | { kind: 'broken'; path: string; status: number }
  /** Everything that a node has, after all is quiet. */
  | { kind: 'listed'; node: string; tasks: SeenTask[]; results: SeenResult[]; counts: Counts }

export interface Violation {
  rule: string
  text: string
}
