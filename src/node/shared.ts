/**
 * Shared files on this node. Parts may come in any order and from several clients; when all are
 * there, the node hashes them, and only then does a job or a worker see the file.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { TmError } from '../core/errors.ts'
import { again, suggest } from '../core/suggestions.ts'
import { type SharedContent, sharedParts } from '../kinds/command/shared.ts'
import type { Intake } from './intake.ts'
import type { SharedStore } from './store/shared-store.ts'

export interface SharedOptions {
  store: SharedStore
  clock: Clock
  /** A disk that fills up slows down what comes in. */
  intake: Pick<Intake, 'expectRoom' | 'pace'>
}

export type Shared = ReturnType<typeof createShared>

export function createShared({ store, clock, intake }: SharedOptions) {
  /** Files whose hash is being checked: several clients may wait for the same one. */
  const checks = new Map<string, Promise<void>>()
  const bytes = { received: 0, sent: 0 }

  async function hashOf({ sha256, size }: SharedContent): Promise<string> {
    const hash = createHash('sha256')
    for (let part = 0; part < sharedParts(size); part += 1) {
      const read = await store.readShared(sha256, part, true)
      if (!read) throw new TmError('conflict', `${sha256} is being sent in another size`)
      hash.update(read)
    }
    return hash.digest('hex')
  }

  async function check(content: SharedContent): Promise<void> {
    const isRight = (await hashOf(content)) === content.sha256
    await store.settleShared(content.sha256, isRight)
    if (!isRight) throw wrongBytes(content)
  }

  /** One check of a file at a time. */
  async function checkOnce(content: SharedContent): Promise<void> {
    const { sha256 } = content
    const checking = checks.get(sha256) ?? check(content).finally(() => checks.delete(sha256))
    checks.set(sha256, checking)
    await checking
  }

  return {
    /** Bytes of shared files since the node started. */
    traffic: (): Readonly<typeof bytes> => bytes,

    /**
     * The parts that this node still needs; none if it has the file, and its hash is right. Throws
     * `invalid` for a wrong hash: then it needs all of them again.
     */
    async open(content: SharedContent): Promise<number[]> {
      await checks.get(content.sha256)?.catch(() => {})
      const { verified, missing } = await store.openShared(content, clock())
      if (!verified && missing.length === 0) await checkOnce(content)
      return missing
    },

    /** While the hash is checked, nothing changes. */
    async write(sha256: string, part: number, piece: Uint8Array<ArrayBuffer>): Promise<void> {
      await intake.expectRoom()
      const { length } = piece
      bytes.received += length
      if (!checks.has(sha256)) await store.writeShared(sha256, part, piece, clock())
      await intake.pace(length)
    },

    async read(sha256: string, part: number): Promise<Uint8Array<ArrayBuffer>> {
      const piece = await store.readShared(sha256, part)
      if (!piece) throw new TmError('not_found', `This node has no part ${part} of ${sha256}`)
      bytes.sent += piece.length
      return piece
    },
  }
}

function wrongBytes({ sha256 }: SharedContent): TmError {
  return new TmError('invalid', `What arrived does not have the SHA-256 ${sha256}`, {
    suggestions: [suggest`If the file changed while it was sent: ${again}`],
  })
}
