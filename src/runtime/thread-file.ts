/**
 * The file with a thread's code: a module beside the module that starts it. On instances the whole
 * program is one file (`.mjs`), and that file starts the thread that its first argument names.
 */
export function threadFile(module: string, startedFrom: string): URL {
  const extension = /\.\w+$/.exec(startedFrom)?.[0] ?? ''
  return extension === '.mjs' ? new URL(startedFrom) : new URL(module + extension, startedFrom)
}
