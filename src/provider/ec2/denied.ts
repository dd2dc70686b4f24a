/**
 * Reads AWS's text of a refused call: who may not do what on which thing, and why. IAM User Guide,
 * Troubleshoot access denied error messages.
 */
export interface Denial {
  who?: string
  action?: string
  resource?: string
  why?: string
}

export function readDenial(message: string): Denial {
  const text = message.replace(/\s*Encoded authorization failure message:.*$/s, '')
  const who = /User: (\S+) is not authorized/.exec(text)?.[1]
  const action = /not authorized to perform:? ([\w-]+:\w+)/.exec(text)?.[1]
  const resource = /on resource: (.+?)(?= because | with an |\.?\s*$)/.exec(text)?.[1]
  const why = /(?:because|with) (an? explicit deny.*|no .*?)(?=\.?\s*$)/.exec(text)?.[1]
  return {
    ...(who ? { who } : {}),
    ...(action ? { action } : {}),
    ...(resource ? { resource } : {}),
    ...(why ? { why } : {}),
  }
}

export function describeDenial({ who, action, resource, why }: Denial): string {
  if (!action) return 'AWS refuses it: a permission is missing'
  const where = resource ? ` on ${resource}` : ''
  return `${who ?? 'this identity'} may not ${action}${where}${why ? `: ${why}` : ''}`
}
