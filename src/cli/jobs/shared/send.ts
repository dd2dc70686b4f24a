/** Sends shared files to every node that is to get tasks. A node that has one gets nothing of it. */
import { formatBytes } from '../../../core/bytes.ts'
import { messageOf, TmError } from '../../../core/errors.ts'
import type { Reporter } from '../../../core/progress.ts'
import { again, suggest } from '../../../core/suggestions.ts'
import { inParallel } from '../../../runtime/in-parallel.ts'
import { retry } from '../../../runtime/retry.ts'
import type { NodeLink } from '../../../state/cluster-nodes.ts'
import { stepIfSlow } from '../../output/step-if-slow.ts'
import { isBusy, untilThereIsRoom } from '../../tasks/deliver.ts'
import { partLength, partsOf } from './parts.ts'
import type { SharedSource } from './source.ts'

/** Parts on their way to one node at once: so many commits of its store become one. */
const partsAtOnce = 4
/** To ask, to send, and to ask again; once more if what another client had sent was wrong. */
const maxRounds = 3
/** A node hashes the whole before it answers: at least so many bytes a second. */
const hashedPerMs = 20 * 1024

/**
 * The nodes that have all of it. Throws `invalid` if a file changed on its way, and `unreachable` if
 * no node has it all.
 */
export async function sendShared(
  nodes: NodeLink[],
  sources: SharedSource[],
  reporter: Reporter,
): Promise<NodeLink[]> {
  if (sources.length === 0) return nodes
  const total = nodes.length * sources.reduce((sum, { file }) => sum + file.size, 0)
  const title = `sending ${sources.map(({ file }) => file.name).join(', ')}`
  return await stepIfSlow(reporter, title, async (note) => {
    let sent = 0
    const onSent = (bytes: number) => {
      sent += bytes
      note(`${formatBytes(Math.min(sent, total))} of ${formatBytes(total)}`)
    }
    const ends = await Promise.all(nodes.map((node) => sendAll(node, sources, onSent)))
    return nodesThatHave(nodes, ends, reporter)
  })
}

type End = { ok: true } | { ok: false; error: unknown }

async function sendAll(
  node: NodeLink,
  sources: SharedSource[],
  onSent: (bytes: number) => void,
): Promise<End> {
  try {
    for (const source of sources) await sendOne(node, source, onSent)
    return { ok: true }
  } catch (error) {
    return { ok: false, error }
  }
}

function nodesThatHave(nodes: NodeLink[], ends: End[], { say }: Reporter): NodeLink[] {
  const errors = ends.flatMap((end) => (end.ok ? [] : [end.error]))
  const ours = errors.find((error) => !(error instanceof TmError) || !isTheirs(error))
  if (ours !== undefined) throw ours
  const having = nodes.filter((_, index) => ends[index]?.ok)
  if (having.length === 0) throw errors[0]
  for (const [index, end] of ends.entries()) {
    if (!end.ok) say(`Warning: ${nodes[index]?.id} is left out: ${messageOf(end.error)}`)
  }
  return having
}

/** Whether other nodes may do better. */
function isTheirs({ code }: TmError): boolean {
  return !['invalid', 'failed', 'conflict'].includes(code)
}

async function sendOne(
  { client }: NodeLink,
  { file: { sha256, size }, path, read }: SharedSource,
  onSent: (bytes: number) => void,
): Promise<void> {
  const asking = { params: { sha256 }, json: { size }, retries: 5 }
  const timeoutMs = 30_000 + size / hashedPerMs
  for (let round = 0; round < maxRounds; round += 1) {
    const missing = await client.openShared({ ...asking, timeoutMs }).then(
      (answer) => answer.missing,
      (error: TmError) => {
        // What another client has sent was wrong, or else what this one has.
        if (error.code !== 'invalid' || round > 0) throw toChanged(path, error)
        return undefined
      },
    )
    if (missing?.length === 0) return
    if (missing === undefined) continue
    const toSend = missing.reduce((sum, part) => sum + partLength(part, size), 0)
    if (round === 0) onSent(size - toSend)
    await inParallel(partsOf(read(), size, new Set(missing)), partsAtOnce, async (one) => {
      const { part, body } = one
      const write = () => client.writeShared({ params: { sha256, part }, body, retries: 5 })
      await retry(write, { ...untilThereIsRoom, isPassing: isBusy })
      onSent(body.length)
    })
  }
  throw changed(path)
}

function toChanged(path: string, error: TmError): TmError {
  return error.code === 'invalid' ? changed(path, error) : error
}

function changed(path: string, cause?: TmError): TmError {
  return new TmError('invalid', `${path} changed while it was sent`, {
    cause,
    suggestions: [suggest`When nobody writes to it: ${again}`],
  })
}
