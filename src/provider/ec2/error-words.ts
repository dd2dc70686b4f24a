/** How the rows of the error table say a cause and the way out. */
import type { ErrorContext, Row } from './failure.ts'

export const again = ({ again: command = 'tm up' }: ErrorContext) => `Then: ${command}`
export const who = 'Who you are to AWS: aws sts get-caller-identity'

/** A cause and a way out that need nothing from the failure. */
export const says =
  (cause: string, ...next: string[]): Row['explain'] =>
  (_, context) => ({ cause, next: [...next, again(context)] })

/** Where AWS itself says it best. */
export const quotes =
  (...next: string[]): Row['explain'] =>
  ({ code, message }, context) => ({
    cause: `${message.replace(/\.\s*$/, '')} (${code})`,
    next: [...next, again(context)],
  })

export function inRegion({ region }: ErrorContext): string {
  return region ? ` in ${region}` : ''
}
