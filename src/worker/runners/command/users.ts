/**
 * The users that commands run as on a machine of their own: one for each attempt, so that a command can read
 * neither what belongs to the worker nor what belongs to a command beside it.
 */

import { randomInt } from 'node:crypto'

/**
 * Numbers that nobody else has: those between 65536 and 524287 are left to the administrator
 * (systemd.io/UIDS-GIDS). Far more than attempts at a time: what an attempt left is gone long before
 * its number comes again.
 */
const first = 70_000
const count = 10_000

/** Whether a process of this user was started by a command. */
export const isOfCommands = (user: number) => user >= first && user < first + count

export type Users = ReturnType<typeof createUsers>

/** `from`: which is the first. Another one after each start: what an earlier one left in /tmp is still there. */
export function createUsers(from = randomInt(count)) {
  const free = Array.from({ length: count }, (_, n) => first + ((from + n) % count))
  return {
    /** Throws if all are in use. */
    take(): number {
      const user = free.shift()
      if (user === undefined) throw new Error(`more than ${count} commands at a time`)
      return user
    },
    /** The one that was given back longest ago is taken next. */
    giveBack: (user: number) => void free.push(user),
  }
}
