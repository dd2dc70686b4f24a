/**
 * Progress on stderr: steps with their duration, counts with rate and time left. Animated on a
 * terminal; elsewhere one line per finished step, and one every few seconds for a long count.
 */
import { chalkStderr as chalk } from 'chalk'
import ora, { type Ora } from 'ora'
import { describeDuration } from '../../core/duration.ts'
import type { Reporter } from '../../core/progress.ts'
import { number } from '../../core/text.ts'
import { createStatus } from './status.ts'
import { forTerminal } from './terminal.ts'

export interface ReporterOptions {
  write: (text: string) => void
  animated: boolean
  /** Of the terminal. */
  columns?: number
  /** Milliseconds. */
  now?: () => number
}

let lastSpinner: Ora | undefined

/** How often a count is printed without a terminal. */
const plainEveryMs = 5000

export function createReporter({
  write,
  animated,
  columns = 80,
  now = () => performance.now(),
}: ReporterOptions) {
  function done(title: string, began: number, ok: boolean): string {
    const time = chalk.dim(`(${describeDuration(now() - began)})`)
    return `${ok ? chalk.green('✔') : chalk.red('✖')} ${title} ${time}`
  }

  function spin(text: string) {
    if (!animated) return undefined
    lastSpinner = ora({ text, discardStdin: false, color: chalk.level > 0 && 'cyan' }).start()
    return lastSpinner
  }

  const reporter: Reporter = {
    say: write,

    status() {
      const began = now()
      return createStatus({
        write,
        spin: animated ? (text) => spin(text) as Ora : undefined,
        columns,
        done: (title, ok) => done(title, began, ok),
        now,
      })
    },

    async step(title, work) {
      const began = now()
      const spinner = spin(title)
      let shown = title
      try {
        const result = await work((text) => {
          shown = `${title}: ${text}`
          if (spinner) spinner.text = forTerminal(shown)
        })
        spinner?.stop()
        write(done(shown, began, true))
        return result
      } catch (error) {
        spinner?.stop()
        write(done(shown, began, false))
        throw error
      }
    },

    count(title, total) {
      const began = now()
      const spinner = spin(title)
      let count = 0
      let base = 0
      let lastWrittenAt = began
      return {
        from(done) {
          base = done
          this.set(done)
        },
        set(next) {
          count = next
          const text = describeCount({ title, count, total, base, elapsedMs: now() - began })
          if (spinner) spinner.text = text
          else if (now() - lastWrittenAt >= plainEveryMs) {
            lastWrittenAt = now()
            write(text)
          }
        },
        end(ok = true) {
          spinner?.stop()
          const rate =
            base > 0 && count === base ? '' : `, ${perSecond(count - base, now() - began)}`
          write(done(`${title} ${number(count)} of ${number(total)}${rate}`, began, ok))
        },
      }
    },
  }
  return reporter
}

/** Before the last words of a command that is cut off: line, cursor and keys are as they were. */
export function leaveTerminal(): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(false)
  if (!process.stderr.isTTY) return
  // A spinner clears its line. Without one, the terminal has shown ^C there.
  if (lastSpinner?.isSpinning) lastSpinner.stop()
  else process.stderr.write('\n')
}

/** `enqueueing 3,200 of 10,000, 5,100/s, 1.3 s left` */
export function describeCount(progress: {
  title: string
  count: number
  total: number
  elapsedMs: number
  base?: number
}): string {
  const { title, count, total, elapsedMs, base = 0 } = progress
  const gained = count - base
  const text = `${title} ${number(count)} of ${number(total)}, ${perSecond(gained, elapsedMs)}`
  if (gained <= 0) return text
  return `${text}, ${describeDuration((elapsedMs / gained) * (total - count))} left`
}

export function perSecond(count: number, ms: number): string {
  return describeRate(count / (Math.max(1, ms) / 1000))
}

/** `2,345/s`, `2.1/s`, `0.02/s`, `12/h` */
export function describeRate(rate: number): string {
  if (rate > 0 && rate < 0.005) return `${(rate * 3600).toFixed(rate < 0.003 ? 1 : 0)}/h`
  if (rate > 0 && rate < 0.1) return `${rate.toFixed(2)}/s`
  return `${rate >= 10 ? number(Math.round(rate)) : rate.toFixed(1)}/s`
}
