/**
 * Progress on stderr: steps with their time, and counts with rate and time left. Animated on a
 * terminal; elsewhere one line for each step that is done, and now and then one for a long count.
 */
import { chalkStderr as chalk } from 'chalk'
import ora from 'ora'
import { describeDuration } from '../core/duration.ts'

export interface Reporter {
  /** Runs `work` as a step. `note` changes what is shown behind its title. */
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
  /** Counts up to `total`. */
  count(title: string, total: number): Counter
  say(text: string): void
}

export interface Counter {
  set(done: number): void
  /** So many were done before this began: they do not count for the rate. */
  from(done: number): void
  /** Ends it; shown as failed when something went wrong. */
  end(ok?: boolean): void
}

export interface ReporterOptions {
  write: (text: string) => void
  animated: boolean
  /** Milliseconds. */
  now?: () => number
}

/** Off a terminal, a count says how far it is this often. Milliseconds. */
const plainEvery = 5000

export function createReporter({
  write,
  animated,
  now = () => performance.now(),
}: ReporterOptions) {
  function done(title: string, began: number, ok: boolean): string {
    const time = chalk.dim(`(${describeDuration(now() - began)})`)
    return `${ok ? chalk.green('✔') : chalk.red('✖')} ${title} ${time}`
  }

  function spin(text: string) {
    if (!animated) return undefined
    return ora({ text, discardStdin: false, color: chalk.level > 0 && 'cyan' }).start()
  }

  const reporter: Reporter = {
    say: write,

    async step(title, work) {
      const began = now()
      const spinner = spin(title)
      let shown = title
      try {
        const result = await work((text) => {
          shown = `${title}: ${text}`
          if (spinner) spinner.text = shown
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
      let said = began
      return {
        from(done) {
          base = done
          this.set(done)
        },
        set(next) {
          count = next
          const text = describeCount({ title, count, total, base, elapsed: now() - began })
          if (spinner) spinner.text = text
          else if (now() - said >= plainEvery) {
            said = now()
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

/** `enqueueing 3,200 of 10,000, 5,100/s, 1.3 s left` */
export function describeCount(seen: {
  title: string
  count: number
  total: number
  elapsed: number
  base?: number
}): string {
  const { title, count, total, elapsed, base = 0 } = seen
  const gained = count - base
  const text = `${title} ${number(count)} of ${number(total)}, ${perSecond(gained, elapsed)}`
  if (gained <= 0) return text
  return `${text}, ${describeDuration((elapsed / gained) * (total - count))} left`
}

function perSecond(count: number, ms: number): string {
  const rate = count / (Math.max(1, ms) / 1000)
  return `${rate >= 10 ? number(Math.round(rate)) : rate.toFixed(1)}/s`
}

export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 worker`, `2,000 workers` */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}
