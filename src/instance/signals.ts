/** Being told to stop: by a service manager (SIGTERM), a terminal (SIGINT) or its end (SIGHUP). */
const endings = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** A signal that is aborted at the first of them. The second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of endings) {
    process.once(name, () => controller.abort())
  }
  return controller.signal
}

/** Resolves when the signal is aborted, or at once if it is. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
