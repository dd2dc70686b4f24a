/** Receives the progress of long work: steps with a title, and counts up to a total. */
export interface Reporter {
  /** Runs `work` as a step. `note` sets the text shown after the title. */
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
  /** Counts up to `total`. */
  count(title: string, total: number): Counter
  /** How something long stands, which its owner describes again and again. */
  status(): Status
  say(text: string): void
}

export interface StatusText {
  /** All that matters. */
  line: string
  /** Shown below it on a terminal. */
  details: string[]
}

export interface Status {
  /** The most columns of a line; Infinity where it is not on a terminal. */
  readonly width: number
  /** Milliseconds until a newer text is of use. */
  dueInMs(): number
  show(text: StatusText): void
  /** Ends it with this line. `ok: false` shows it as failed. */
  end(line: string, ok?: boolean): void
}

export interface Counter {
  set(done: number): void
  /** How many were done before this count began. They do not count towards the rate. */
  from(done: number): void
  /** Ends the count. `ok: false` shows it as failed. */
  end(ok?: boolean): void
}
