/** What an instance runs when it boots for the first time. Anybody may read it: it holds no secret. */
export interface BootScriptOptions {
  id: string
  cluster: string
  region: string
  port: number
  /** ARN of who makes the cluster: the only one who may hand the node its bundle. */
  owner: string
  /** Milliseconds after which the machine ends by itself. */
  ttl?: number
}

export function nodeBootScript(_options: BootScriptOptions): string {
  return '#!/bin/sh\n'
}
