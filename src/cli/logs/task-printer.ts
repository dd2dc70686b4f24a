/** Prints what a task writes while it writes: its stdout to ours, its stderr to ours. */
import { formatBytes } from '../../core/bytes.ts'
import { writeBytes } from '../ending/stdout.ts'
import { type LiveText, liveText } from '../output/live-text.ts'
import { forTerminal } from '../output/terminal.ts'
import type { Stream } from './task-log.ts'

export function taskPrinter(
  streams: Record<Stream, NodeJS.WriteStream>,
  say: (text: string) => void,
) {
  const texts: Partial<Record<Stream, LiveText>> = {}
  for (const stream of ['stdout', 'stderr'] as const) {
    if (streams[stream].isTTY) texts[stream] = liveText()
  }

  /** `false` if nobody reads it. */
  async function write(stream: Stream, text: string): Promise<boolean> {
    if (text === '') return true
    if (stream === 'stdout') return await writeBytes(new TextEncoder().encode(text))
    streams.stderr.write(text)
    return true
  }

  const asLines = (lines: string[]) => lines.map((line) => `${forTerminal(line)}\n`).join('')

  return {
    async print(stream: Stream, text: string, missed: number): Promise<boolean> {
      if (missed > 0) say(`… ${formatBytes(missed)} of ${stream} left out`)
      const live = texts[stream]
      return await write(stream, live ? asLines(live.add(text)) : text)
    },
    async end(): Promise<void> {
      for (const stream of ['stdout', 'stderr'] as const) {
        await write(stream, asLines(texts[stream]?.end() ?? []))
      }
    },
  }
}
