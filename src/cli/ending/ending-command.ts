/** How a command ends: after a signal, when its output can't be written, and what waits for its output. */
import { Command } from '@oclif/core'
import { type Place, renderSuggestion, type Suggestion } from '../../core/suggestions.ts'
import { endBySignal, onStopSignal } from '../../runtime/signals.ts'
import { leaveTerminal } from '../output/progress.ts'
import { happened } from './ending.ts'
import { ask, type QuestionContext } from './question.ts'
import { outputWritten } from './stdout.ts'

export abstract class EndingCommand extends Command {
  /** Whether it changes something: it then finishes its work, also when nobody reads what it prints. */
  static changes = false
  /** Whether it runs until a signal, which is then a good end. */
  static isService = false

  private readonly afterwards: (() => Promise<void>)[] = []
  private stopping: AbortController | undefined
  private asking: AbortController | undefined

  /** For the commands that it suggests. */
  protected abstract shownPlace(): Place

  /** Called once all output is written; not if it can't be, or nobody reads it. */
  protected onceWritten(then: () => Promise<void>): void {
    this.afterwards.push(then)
  }

  /**
   * Aborted by Ctrl-C and its like. A command that asks for it ends by itself and says what is left;
   * all others are ended at once.
   */
  protected get stopSignal(): AbortSignal {
    this.stopping ??= new AbortController()
    return this.stopping.signal
  }

  /** Throws if it is not answered: then nothing was done, and a signal has ended it or the user. */
  protected async ask<T>(question: (context: QuestionContext) => Promise<T>): Promise<T> {
    this.asking = new AbortController()
    try {
      return await ask(question, this.asking.signal)
    } finally {
      this.asking = undefined
    }
  }

  /** Said after Ctrl-C: what goes on without this command, and the command to come back with. */
  protected whatGoesOn(): Suggestion | undefined {
    return undefined
  }

  protected override async _run<T>(): Promise<T> {
    const { changes, isService } = this.ctor as typeof EndingCommand
    happened.changes = changes
    if (!isService) onStopSignal((name) => this.interrupt(name))
    const result = await super._run<T>()
    try {
      if (await outputWritten()) for (const then of this.afterwards) await then()
    } catch (error) {
      await this.catch(error as Error)
    }
    return result
  }

  private interrupt(name: NodeJS.Signals): void {
    happened.interruptedBy = name
    if (this.asking) {
      this.asking.abort()
      return
    }
    if (this.stopping) {
      this.stopping.abort()
      return
    }
    const text = this.whatGoesOn()
    leaveTerminal()
    if (text) this.logToStderr(`Interrupted. ${renderSuggestion(text, this.shownPlace())}`)
    endBySignal(name)
  }
}
