/**
 * Where a thread's code lies: a module beside the one that starts it; or, in the program that
 * instances run, which is one file (`.mjs`), that file itself, which looks at its first argument.
 */
export function threadFile(module: string, startedFrom: string): URL {
  const extension = /\.\w+$/.exec(startedFrom)?.[0] ?? ''
  return extension === '.mjs' ? new URL(startedFrom) : new URL(module + extension, startedFrom)
}
